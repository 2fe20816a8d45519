import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { taskText } from "../../queue/task_codec.ts";
import { taskShard } from "../../queue/task_keys.ts";
import { taskHost } from "../../queue/task_model.ts";
import { textHost, urlHost } from "../../queue/url_host.ts";

const odd = fc.constantFrom(
  ..."http://a/x|http://A/x|http://a:80/x|https://a:80/x|http://u:p@a/x|http://a?://b/|http://a#://b/|http:/a/b|//a/b|x|"
    .split("|"),
  ...'http://a\\@b/c|http://a\t/b|http://\tb/c|http://a /b|http://a"b/c|HTTP://a/|file:///x|data:,://a/b|a://b/|x y://a/'
    .split("|"),
);
const url = fc.oneof(odd, fc.webUrl(), fc.string(), fc.tuple(odd, fc.string()).map((parts) => parts.join("")));

Deno.test("urlHost and textHost say of any url what taskHost says, whichever came before it", () => {
  fc.assert(
    fc.property(fc.array(url, { minLength: 2, maxLength: 8 }), (urls) => {
      for (const one of [...urls, ...urls]) {
        const host = taskHost(one);
        const { text } = taskText({
          id: "t1",
          seq: 1,
          url: one,
          out: "http://other/x",
          priority: 0,
          status: "waiting",
          attempts: 0,
          crashes: 0,
          addedAt: 1,
        });
        assertEquals(textHost(text), host, one);
        assertEquals(urlHost(one), { host, shard: taskShard(host) }, one);
        assertEquals(textHost(text), host, one);
      }
    }),
    { numRuns: 2000 },
  );
});
