import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { plainEntry } from "../../queue/plain_entry.ts";
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";

const url = fc.oneof(
  fc.webUrl(),
  fc.constantFrom("http://h", "x:", "data:,", "HTTP://H/%zz", " http://h/ ", "no url", ""),
);
const plain = fc.oneof(url, fc.record({ url }));
const other = fc.oneof(
  fc.jsonValue(),
  fc.record({ url, out: fc.string() }),
  fc.record({ url: fc.jsonValue() }),
  fc.dictionary(fc.constantFrom("url", "id", "__proto__", "size", "constructor"), fc.oneof(url, fc.jsonValue())),
);

Deno.test("plainEntry gives for any value what the schema gives, or nothing", () => {
  fc.assert(
    fc.property(fc.oneof(plain, other), (value) => {
      const entry = plainEntry(value);
      if (entry !== undefined) assertEquals(checkTaskEntry(value), { type: "entry", entry });
    }),
    { numRuns: 2000 },
  );
});

Deno.test("plainEntry leaves no plain entry to the schema", () => {
  fc.assert(fc.property(plain, (value) => {
    const checked = checkTaskEntry(value);
    assertEquals(plainEntry(value), checked.type === "entry" ? checked.entry : undefined);
  }));
});

Deno.test("plainEntry takes no object whose fields are not its own", () => {
  const inherited = Object.create({ url: "http://h/" });
  assertEquals(plainEntry(inherited), undefined);
  assertEquals(plainEntry(Object.assign(Object.create({ priority: 1 }), { url: "http://h/" })), undefined);
  const copy = { url: "http://h/" };
  assert(plainEntry(copy) !== copy, "what the caller does to its object later changes no entry");
});
