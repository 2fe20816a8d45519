import { showAddress } from "../base/show_address.ts";
import { parseProxy } from "../config/cfg_parse.ts";
import type { HttpIdentity } from "../download/http_identity.ts";

/** What the environment says of proxies. */
export interface EnvironmentProxies {
  /** The proxies, and whom they are not for. */
  identity: Pick<HttpIdentity, "environmentProxies" | "noProxy">;
  /** The variables that name no proxy, and what such a value must be. */
  problems: { variable: string; must: string; value: string }[];
}

/**
 * Reads `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in small letters or else in capitals. Without access to
 * a variable it counts as unset, and so does an empty one. A proxy without a scheme is one of http.
 */
export function environmentProxies(): EnvironmentProxies {
  const problems: EnvironmentProxies["problems"] = [];
  const proxy = (name: string): string | undefined => {
    const [variable, value] = variableOf(name) ?? [];
    if (variable === undefined || value === undefined) return undefined;
    const parsed = parseProxy(value.includes("://") ? value : `http://${value}`);
    if ("value" in parsed) return parsed.value;
    problems.push({ variable, must: parsed.must, value: showAddress(value) });
    return undefined;
  };
  const all = proxy("all_proxy");
  const [http, https] = [proxy("http_proxy") ?? all, proxy("https_proxy") ?? all];
  const proxies = { ...(http === undefined ? {} : { http }), ...(https === undefined ? {} : { https }) };
  const noProxy = variableOf("no_proxy")?.[1];
  return {
    identity: {
      ...(http === undefined && https === undefined ? {} : { environmentProxies: proxies }),
      ...(noProxy === undefined ? {} : { noProxy }),
    },
    problems,
  };
}

function variableOf(name: string): [variable: string, value: string] | undefined {
  for (const variable of [name, name.toUpperCase()]) {
    // Where a server runs programs, any client sets this one, by a header.
    if (variable === "HTTP_PROXY" && read("REQUEST_METHOD") !== "") continue;
    const value = read(variable);
    if (value !== "") return [variable, value];
  }
  return undefined;
}

function read(variable: string): string {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable)?.trim() ?? "" : "";
}
