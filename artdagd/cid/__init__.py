"""Content identifiers, and the bytes that they name.

A blob is named as UnixFS profile ``unixfs-v1-2025`` (IPIP-499) does: CIDv1, sha2-256, raw leaves of 1 MiB, a balanced
tree with 1024 links a node, base32. A structured value is named by its dag-json (or dag-cbor) bytes.
"""

from artdagd.cid.dag import MAX_DEPTH, cid_of_dag_json_bytes, cid_of_value, dag_cbor, dag_json, read_dag_json
from artdagd.cid.identifier import CID, CODECS, DAG_CBOR, DAG_JSON, DAG_PB, RAW
from artdagd.cid.reading import Block, NoFile, Part, WrongBlock, read_block
from artdagd.cid.unixfs import (
    KNOWN_PROFILES,
    V1_2025,
    Imported,
    Importer,
    Profile,
    cid_of_bytes,
    cid_of_file,
    names_file,
)

__all__ = [
    "CID",
    "CODECS",
    "DAG_CBOR",
    "DAG_JSON",
    "DAG_PB",
    "KNOWN_PROFILES",
    "MAX_DEPTH",
    "RAW",
    "V1_2025",
    "Block",
    "Imported",
    "Importer",
    "NoFile",
    "Part",
    "Profile",
    "WrongBlock",
    "cid_of_bytes",
    "cid_of_dag_json_bytes",
    "cid_of_file",
    "cid_of_value",
    "dag_cbor",
    "dag_json",
    "names_file",
    "read_block",
    "read_dag_json",
]
