const VARIABLES = ["http_proxy", "https_proxy", "all_proxy"];

/** Says whether the environment names a proxy, which `fetch` then uses. Without access to a variable it counts as unset. */
export function proxyConfigured(): boolean {
  return VARIABLES.flatMap((name) => [name, name.toUpperCase()]).some((name) => {
    const { state } = Deno.permissions.querySync({ name: "env", variable: name });
    return state === "granted" && (Deno.env.get(name) ?? "") !== "";
  });
}
