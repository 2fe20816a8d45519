/**
 * A JSR registry on the loopback interface, with what `deno publish --token` and `jsr:` imports ask for. It keeps
 * everything in memory.
 *
 * @module
 */
import { type JsrPackage, jsrPackage } from "./jsr_package.ts";
import { readTar } from "./read_tar.ts";

interface PublishingTask {
  id: string;
  status: "pending" | "success" | "failure";
  error: { code: string; message: string } | null;
}

const UPLOAD = new URLPattern({ pathname: "/api/scopes/:scope/packages/:name/versions/:version" });
const PACKAGE = new URLPattern({ pathname: "/api/scopes/:scope/packages/:name" });
const TASK = new URLPattern({ pathname: "/api/publish_status/:id" });
const META = new URLPattern({ pathname: "/@:scope/:name/meta.json" });
const VERSION_META = new URLPattern({ pathname: "/@:scope/:name/:version([^/]+)_meta.json" });
const FILE = new URLPattern({ pathname: "/@:scope/:name/:version/:path(.+)" });

/** A failed answer in the form that the publisher prints. */
function failure(status: number, code: string, message: string, more: Record<string, unknown> = {}): Response {
  return Response.json({ code, message, ...more }, { status });
}

async function checksum(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha256-${new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex()}`;
}

async function gunzip(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(body.pipeThrough(new DecompressionStream("gzip"))).bytes();
}

/** The registry; it serves until it is disposed. */
export class LoopbackRegistry implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #versions = new Map<string, Map<string, JsrPackage>>();
  readonly #tasks = new Map<string, PublishingTask>();
  readonly #uploads: string[] = [];

  /** @param packages What can be imported without an upload. */
  constructor(packages: Iterable<JsrPackage> = []) {
    for (const one of packages) this.#add(one);
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => this.#answer(request));
  }

  /** The value for `JSR_URL`, with the `/` at the end that Deno needs. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** What was uploaded and accepted, in order: `@scope/name@version`. */
  get uploads(): readonly string[] {
    return this.#uploads;
  }

  /** One version of a package, or undefined. */
  find(name: string, version: string): JsrPackage | undefined {
    return this.#versions.get(name)?.get(version);
  }

  /** Stops the server and its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #add(one: JsrPackage): void {
    const versions = this.#versions.get(one.name) ?? new Map<string, JsrPackage>();
    this.#versions.set(one.name, versions.set(one.version, one));
  }

  async #answer(request: Request): Promise<Response> {
    const upload = UPLOAD.exec(request.url)?.pathname.groups;
    if (request.method === "POST" && upload) {
      return await this.#upload(request, `@${upload["scope"]}/${upload["name"]}`, upload["version"] ?? "");
    }
    if (request.method !== "GET") return failure(405, "methodNotAllowed", `No ${request.method} here`);
    return await this.#get(request.url) ?? failure(404, "notFound", `Nothing at ${request.url}`);
  }

  async #get(url: string): Promise<Response | undefined> {
    const created = PACKAGE.exec(url)?.pathname.groups;
    if (created) return Response.json({ scope: created["scope"], name: created["name"] });
    const task = this.#tasks.get(TASK.exec(url)?.pathname.groups["id"] ?? "");
    if (task) return Response.json(task);

    const meta = META.exec(url)?.pathname.groups;
    if (meta) return this.#packageMeta(meta["scope"] ?? "", meta["name"] ?? "");
    const { scope, name, version, path } = (VERSION_META.exec(url) ?? FILE.exec(url))?.pathname.groups ?? {};
    const found = this.find(`@${scope}/${name}`, version ?? "");
    if (found === undefined) return undefined;
    if (path === undefined) return await this.#versionMeta(found);
    const bytes = found.files.get(decodeURIComponent(path));
    return bytes && new Response(bytes);
  }

  #packageMeta(scope: string, name: string): Response | undefined {
    const versions = this.#versions.get(`@${scope}/${name}`);
    if (versions === undefined) return undefined;
    const numbers = [...versions.keys()];
    return Response.json({
      scope,
      name,
      latest: numbers.at(-1),
      versions: Object.fromEntries(numbers.map((version) => [version, {}])),
    });
  }

  async #versionMeta({ exports, files }: JsrPackage): Promise<Response> {
    const manifest: Record<string, { size: number; checksum: string }> = {};
    for (const [path, bytes] of files) manifest[`/${path}`] = { size: bytes.length, checksum: await checksum(bytes) };
    return Response.json({ exports, manifest });
  }

  async #upload(request: Request, name: string, version: string): Promise<Response> {
    if (!request.headers.get("authorization")?.startsWith("Bearer ")) {
      return failure(401, "missingAuthentication", "An upload needs a token");
    }
    if (request.headers.get("content-encoding") !== "gzip" || request.body === null) {
      return failure(400, "malformedRequest", "An upload is a gzip-compressed tar archive");
    }
    const archive = await gunzip(request.body);
    const id = `${name}@${version}`;
    const earlier = this.#tasks.get(encodeURIComponent(id));
    if (earlier?.status === "success") {
      return failure(409, "duplicateVersionPublish", `${id} is there already`, { task: earlier });
    }
    const task: PublishingTask = { id: encodeURIComponent(id), status: "success", error: null };
    try {
      const config = new URL(request.url).searchParams.get("config") ?? "/deno.json";
      const uploaded = jsrPackage(readTar(archive), config.slice(1));
      if (uploaded.name !== name || uploaded.version !== version) {
        throw new TypeError(`Cannot publish ${uploaded.name}@${uploaded.version} as ${id}`);
      }
      this.#add(uploaded);
      this.#uploads.push(id);
    } catch (error) {
      task.status = "failure";
      task.error = { code: "invalidPackage", message: error instanceof Error ? error.message : String(error) };
    }
    this.#tasks.set(task.id, task);
    // The real registry works an upload off later, so the publisher has to ask for the outcome here too.
    return Response.json({ ...task, status: "pending", error: null });
  }
}
