import { assertEquals } from "@std/assert";
import { visibleText } from "../../cli/visible_text.ts";

Deno.test("visibleText leaves no control character, and all else as it is", () => {
  const text = "a \u001b[31mred\u001b]0;title\u0007\u009b0m\u007f\u0000 b\tc\r\nd";
  assertEquals(visibleText(text), "a \ufffd[31mred\ufffd]0;title\ufffd\ufffd0m\ufffd\ufffd b c  d");
  assertEquals(visibleText("呜呜，搬砖出错了 é €"), "呜呜，搬砖出错了 é €");
});
