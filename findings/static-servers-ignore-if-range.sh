#!/usr/bin/env bash
# Six of nine servers for files take no notice of If-Range, and a seventh of its ETags.
#
# RFC 9110, 13.1.5: a server that gets Range and If-Range must send the whole file where the validator of If-Range is not that of
# the file. These servers send the range of the other version with status 206, so that whoever only trusts If-Range puts
# two versions of a file together. The two answers per server: to an ETag that is none of the file, and to a date long before it.
#
# Seen on 2026-12-01 with Python 3.11 and Node 20:
#   Twisted 26.4.0 (static.File)             206 206
#   tornado 6.5.10 (StaticFileHandler)       206 206
#   aiohttp 3.14.3 (add_static)              206 200
#   starlette 1.7.0 (StaticFiles)            200 200
#   Flask 3.1.3 (send_from_directory)        200 200
#   serve-handler 6.1.8                      206 206
#   http-server 14.1.1                       206 206
#   sirv 3.0.2                               206 206
#   webdav-server 2.6.3 (PhysicalFileSystem) 206 206
# Needs: bash, curl, npm, python3 with venv. Ends with 1 if any of it changes.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -qqq --disable-pip-version-check Twisted==26.4.0 tornado==6.5.10 aiohttp==3.14.3 starlette==1.7.0 \
  uvicorn==0.54.0 Flask==3.1.3
npm init -y >/dev/null
npm install --silent --no-fund --no-audit serve-handler@6.1.8 http-server@14.1.1 sirv@3.0.2 webdav-server@2.6.3

mkdir www
head -c 1000 /dev/zero >www/file.bin

cat >serve.py <<'PY'
import os, sys
kind, port = sys.argv[1], int(sys.argv[2])
if kind == "twisted":
    from twisted.internet import reactor
    from twisted.web.server import Site
    from twisted.web.static import File
    reactor.listenTCP(port, Site(File("www")), interface="127.0.0.1")
    reactor.run()
elif kind == "tornado":
    import tornado.ioloop, tornado.web
    tornado.web.Application([("/(.*)", tornado.web.StaticFileHandler, {"path": "www"})]).listen(port, "127.0.0.1")
    tornado.ioloop.IOLoop.current().start()
elif kind == "aiohttp":
    from aiohttp import web
    app = web.Application()
    app.router.add_static("/", "www")
    web.run_app(app, host="127.0.0.1", port=port, print=None)
elif kind == "starlette":
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles
    uvicorn.run(Starlette(routes=[Mount("/", StaticFiles(directory="www"))]), host="127.0.0.1", port=port)
elif kind == "flask":
    from flask import Flask, send_from_directory
    app = Flask("files")
    app.add_url_rule("/<path:name>", "file", lambda name: send_from_directory(os.path.abspath("www"), name))
    app.run("127.0.0.1", port)
PY
cat >serve.cjs <<'JS'
const { createServer } = require("node:http");
const [, , kind, port] = process.argv;
if (kind === "serve-handler") {
  const handler = require("serve-handler");
  createServer((req, res) => handler(req, res, { public: "www", etag: true })).listen(+port, "127.0.0.1");
} else if (kind === "http-server") {
  require("http-server").createServer({ root: "www" }).server.listen(+port, "127.0.0.1");
} else if (kind === "sirv") {
  import("sirv").then(({ default: sirv }) => createServer(sirv("www", { etag: true })).listen(+port, "127.0.0.1"));
} else if (kind === "webdav-server") {
  const { v2 } = require("webdav-server");
  const server = new v2.WebDAVServer({ port: +port, hostname: "127.0.0.1" });
  server.setFileSystem("/", new v2.PhysicalFileSystem("www"), () => server.start());
}
JS

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# answers KIND COMMAND...: starts a server and prints its two answers.
answers() {
  local kind=$1 port
  shift
  port=$(free_port)
  "$@" "$kind" "$port" >"$kind.log" 2>&1 &
  pids+=($!)
  local url="http://127.0.0.1:$port/file.bin"
  for _ in $(seq 100); do curl -sf -o /dev/null "$url" && break || sleep 0.1; done
  local of_etag of_date
  of_etag=$(curl -s -o /dev/null -w '%{http_code}' -H 'Range: bytes=10-19' -H 'If-Range: "another version"' "$url")
  of_date=$(curl -s -o /dev/null -w '%{http_code}' -H 'Range: bytes=10-19' -H 'If-Range: Mon, 01 Jan 1990 00:00:00 GMT' "$url")
  echo "$kind $of_etag $of_date"
}

for kind in twisted tornado aiohttp starlette flask; do answers "$kind" venv/bin/python serve.py >>seen; done
for kind in serve-handler http-server sirv webdav-server; do answers "$kind" node serve.cjs >>seen; done
cat seen
diff seen - <<'SEEN' && echo "as seen before"
twisted 206 206
tornado 206 206
aiohttp 206 200
starlette 200 200
flask 200 200
serve-handler 206 206
http-server 206 206
sirv 206 206
webdav-server 206 206
SEEN
