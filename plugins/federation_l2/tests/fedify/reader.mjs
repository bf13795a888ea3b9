// Fedify as a reader: finds actors and reads documents over loopback, writes (JSON) what it made of them.
// Nothing leaves the machine: contexts come with Fedify, and fetch reaches loopback alone. WebFinger always takes https,
// which stands for a node's own http here, as a proxy would have it.
import { lookupObject, traverseCollection, Activity, Object as Thing, OrderedCollection } from "@fedify/vocab";
import { exportSpki, getDocumentLoader } from "@fedify/vocab-runtime";
import { lookupWebFinger } from "@fedify/webfinger";
import jsonld from "jsonld";
import { text } from "node:stream/consumers";

const plainFetch = globalThis.fetch;
globalThis.fetch = async (address, options) => {
  const url = new URL(address instanceof Request ? address.url : address);
  if (url.hostname !== "127.0.0.1") throw new Error(`no network in tests: ${url}`);
  url.protocol = "http:";
  return plainFetch(address instanceof Request ? new Request(url, address) : url, options);
};
const options = {
  documentLoader: getDocumentLoader({ allowPrivateAddress: true }),
  contextLoader: getDocumentLoader(),
  allowPrivateAddress: true,
};

const texts = (value) => value?.toString() ?? null;

async function all(iterable) {
  const found = [];
  for await (const one of iterable) found.push(one);
  return found;
}

function link(one) {
  return one instanceof URL ? { href: one.href } : { href: one.href?.href, mediaType: one.mediaType };
}

async function thing(one) {
  return {
    kind: one.constructor.name,
    id: one.id?.href,
    name: texts(one.name),
    summary: texts(one.summary),
    content: texts(one.content),
    attributedTo: one.attributionId?.href,
    published: texts(one.published),
    duration: one.duration?.total({ unit: "millisecond" }) ?? null,
    width: one.width ?? null,
    height: one.height ?? null,
    urls: one.urls.map(link),
    to: one.toIds.map((id) => id.href),
    cc: one.ccIds.map((id) => id.href),
    attachments: (await all(one.getAttachments(options))).map((part) => ({
      kind: part.constructor.name,
      mediaType: part.mediaType,
      ...(part.urls ? { urls: part.urls.map(link) } : link(part)),
    })),
    tags: (await all(one.getTags(options))).map((tag) => ({ kind: tag.constructor.name, name: texts(tag.name) })),
  };
}

const acts = {
  async find({ account }) {
    const found = await lookupWebFinger(account, { allowPrivateAddress: true });
    const self = found.links.find((one) => one.rel === "self" && one.type === "application/activity+json");
    const actor = await lookupObject(self.href, options);
    const key = await actor.getPublicKey(options);
    return {
      subject: found.subject,
      kind: actor.constructor.name,
      id: actor.id.href,
      username: texts(actor.preferredUsername),
      inbox: actor.inboxId.href,
      outbox: actor.outboxId.href,
      followers: actor.followersId.href,
      key: { id: key.id.href, owner: key.ownerId.href, pem: await exportSpki(key.publicKey) },
    };
  },
  async read({ url }) {
    const found = await lookupObject(url, options);
    if (found instanceof OrderedCollection) {
      const items = await all(traverseCollection(found, options));
      return { kind: found.constructor.name, total: found.totalItems, items: items.map((one) => one.id.href) };
    }
    if (!(found instanceof Activity)) return thing(found);
    const about = await found.getObject(options);
    return { kind: found.constructor.name, id: found.id.href, actor: found.actorId.href, object: await thing(about) };
  },
  async parse({ document }) {
    return thing(await Thing.fromJsonLd(document, options));
  },
  // Every term has to be defined, or jsonld.js (Digital Bazaar) refuses: nothing of a document is lost to a reader.
  async expand({ document }) {
    const documentLoader = async (url) => ({ ...(await options.contextLoader(url)), contextUrl: null });
    return jsonld.expand(document, { documentLoader, safe: true });
  },
};

const answers = [];
for (const job of JSON.parse(await text(process.stdin))) answers.push(await acts[job.act](job));
process.stdout.write(JSON.stringify(answers));
