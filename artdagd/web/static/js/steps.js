// What is installed: step types, effects and analyzers, with their documentation. Asked for once in the life of a page.
import { call } from "./api.js";

let asked = null;

// A Map from "kind name" ("step RESIZE", "effect blur") to the item of GET /api/steps.
export function catalogue() {
  asked ??= call("GET", "/api/steps").then(
    ({ items }) => new Map(items.map((item) => [`${item.kind} ${item.name}`, item])),
    (error) => {
      asked = null;
      throw error;
    },
  );
  return asked;
}

// What says what a step does: its type, or the effect that it is about.
export function described(items, type, config) {
  return (type === "EFFECT" && items.get(`effect ${config.effect}`)) || items.get(`step ${type}`) || items.get(`analyzer ${type}`) || null;
}

// The parameters of an item as rows: name, facts (type, range and default), default and description, all text.
export function parameters({ config_schema: schema }) {
  const root = resolved(schema, schema);
  const required = new Set(root.required ?? []);
  return Object.entries(root.properties ?? {}).map(([name, about]) => {
    const own = resolved(about, schema);
    const type = typeOf(own, schema) + (own.moves ? ", may move" : "");
    const standard = required.has(name) ? "" : worded(about.default);
    const last = required.has(name) ? "required" : standard && `default ${standard}`;
    return {
      name,
      facts: [type, rangeOf(own), last].filter(Boolean).join(" · "),
      default: standard,
      description: about.description ?? own.description ?? "",
    };
  });
}

function resolved(about, schema) {
  const parts = (about.anyOf ?? about.oneOf ?? []).map((one) => resolved(one, schema)).filter((one) => one.type !== "null");
  if (parts.length) return { ...parts[0], moves: (about.anyOf ?? []).some(({ $ref }) => $ref?.endsWith("/Moving")) };
  const name = about.$ref?.split("/").at(-1);
  return name ? resolved(schema.$defs?.[name] ?? {}, schema) : about;
}

function typeOf(own, schema) {
  if (own.enum) return own.enum.map(worded).join(" | ");
  if (own.type === "array") return `list of ${own.items ? typeOf(resolved(own.items, schema), schema) : "values"}`;
  return [].concat(own.type ?? "value").join(" or ");
}

function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }) {
  const low = minimum ?? exclusiveMinimum;
  const high = maximum ?? exclusiveMaximum;
  if (low !== undefined && high !== undefined) return `${low} to ${high}`;
  if (low !== undefined) return `${exclusiveMinimum === undefined ? "from" : "above"} ${low}`;
  return high === undefined ? "" : `up to ${high}`;
}

function worded(value) {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
