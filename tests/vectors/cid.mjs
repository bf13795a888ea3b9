// Makes cid.json: the CIDs that the importer of js-ipfs gives to bytes that anyone can make again.
//   npm install ipfs-unixfs-importer@17.1.1 @ipld/dag-json @ipld/dag-cbor multiformats && node cid.mjs > cid.json
import { importBytes, importByteStream } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { createHash } from 'node:crypto'
import * as dagJSON from '@ipld/dag-json'
import * as dagCBOR from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
const hole = { put: async (cid) => cid, has: async () => false, get: async () => { throw new Error('hole') } }
// 1 MiB: sha256('artdagd' + big-endian 32-bit counter), counter 0..32767. A file is this block over and over, cut to its size.
const block = Buffer.concat(Array.from({length: 32768}, (_, i) => { const b = Buffer.alloc(4); b.writeUInt32BE(i); return createHash('sha256').update('artdagd').update(b).digest() }))
async function * stream (size) { while (size > 0) { const n = Math.min(size, block.length); yield block.subarray(0, n); size -= n } }
const MiB = 1 << 20
const files = []
for (const size of [0, 1, MiB - 1, MiB, MiB + 1, 2 * MiB, 3 * MiB - 1, 1024 * MiB, 1024 * MiB + 1]) {
  const r = await importByteStream(stream(size), hole, { profile: 'unixfs-v1-2025' })
  files.push({ size, cid: r.cid.toString() })
}
const trees = []
for (const [chunk, links] of [[4, 3], [1, 2], [5, 4]]) for (const raw_leaves of [true, false]) for (const size of [0, 1, 3, 4, 5, 8, 9, 11, 12, 13, 16, 17, 20, 25, 27, 28, 35, 36, 37, 47, 48, 49, 80, 81, 107, 108, 109, 128, 129, 320, 321]) {
  const r = await importBytes(block.subarray(0, size), hole, { chunker: fixedSize({ chunkSize: chunk }), layout: balanced({ maxChildrenPerNode: links }), rawLeaves: raw_leaves, cidVersion: raw_leaves ? 1 : 0, reduceSingleLeafToSelf: true })
  trees.push({ size, chunk, links, raw_leaves, cid: r.cid.toString() })
}
const v0 = []
for (const size of [0, 1, 262144, 262145, 3 * MiB]) {
  const r = await importByteStream(stream(size), hole, { profile: 'unixfs-v0-2015' })
  v0.push({ size, cid: r.cid.toString() })
}
const link = CID.parse('QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH')
const values = [null, true, 0, -1, 1.5, 0.1, 1e21, 123456789012345, '', 'é\n"\\\u0001\u2028😀', [], {}, [1, [2, { a: 3 }]],
  { b: 1, a: 2, aa: 3, B: 4, é: 5 }, new Uint8Array([0, 255, 1]), new Uint8Array(0), link, { link, data: new Uint8Array([1]) },
  { beats: [0.5, 1.0625, 2.25], tempo: 120.5 }]
const encoded = values.map(v => ({ json: Buffer.from(dagJSON.encode(v)).toString('utf8'), cbor: Buffer.from(dagCBOR.encode(v)).toString('hex') }))
// From Kubo's test/cli/cid_profiles_test.go: ChaCha20 key stream under the key sha256(seed), nonce and counter 0.
const kubo = [
  { size: MiB, seed: 'chunk-v1-seed', cid: 'bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta' },
  { size: MiB + 1, seed: 'chunk-v1-seed', cid: 'bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64' },
  { size: 1024 * MiB, seed: 'v1-2025-seed', cid: 'bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm' },
  { size: 1024 * MiB + 1, seed: 'v1-2025-seed', cid: 'bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe' }
]
const lines = (rows) => '[\n' + rows.map(row => '  ' + JSON.stringify(row)).join(',\n') + '\n]'
const parts = { files, v0, trees, encoded, kubo }
console.log('{' + Object.entries(parts).map(([name, rows]) => `\n"${name}": ${lines(rows)}`).join(',') + '\n}')
