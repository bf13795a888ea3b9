// Fedify as a peer: reads jobs (JSON) from standard input, signs or checks each request, writes the answers (JSON).
// Nothing leaves the machine: actors come with the job, contexts with Fedify, and fetch is taken away.
import { signRequest, verifyRequest } from "@fedify/fedify";
import { getDocumentLoader } from "@fedify/vocab-runtime";
import { text } from "node:stream/consumers";

globalThis.fetch = (address) => {
  throw new Error(`no network in tests: ${address}`);
};
const contextLoader = getDocumentLoader();

function request(job) {
  return new Request(job.url, {
    method: job.method,
    headers: job.headers,
    body: job.body ? Buffer.from(job.body, "base64") : undefined,
  });
}

async function verified(job) {
  const documentLoader = async (url) => {
    if (url.split("#")[0] !== job.actor.id) throw new Error(`unknown: ${url}`);
    return { contextUrl: null, documentUrl: url, document: job.actor };
  };
  const key = await verifyRequest(request(job), {
    documentLoader,
    contextLoader,
    timeWindow: { minutes: 5 },
    spec: job.spec,
  });
  return { keyId: key?.id?.href ?? null };
}

async function signed(job) {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("pkcs8", Buffer.from(job.key, "base64"), algorithm, true, ["sign"]);
  const made = await signRequest(request(job), key, new URL(job.keyId), { spec: job.spec, rfc9421: job.rfc9421 });
  return { headers: [...made.headers], body: Buffer.from(await made.arrayBuffer()).toString("base64") };
}

const jobs = JSON.parse(await text(process.stdin));
const answers = [];
for (const job of jobs) answers.push(await (job.act === "sign" ? signed(job) : verified(job)));
process.stdout.write(JSON.stringify(answers));
