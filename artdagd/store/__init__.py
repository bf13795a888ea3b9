"""Blobs under CACHE_DIR: written durably, named by their CID, verified on read, healed from storage providers."""

from artdagd.store.blobs import BlobStore
from artdagd.store.files import Disk
from artdagd.store.importing import Imports
from artdagd.store.incoming import Blob, Incoming
from artdagd.store.layout import Layout, Section, parse_cid

__all__ = ["Blob", "BlobStore", "Disk", "Imports", "Incoming", "Layout", "Section", "parse_cid"]
