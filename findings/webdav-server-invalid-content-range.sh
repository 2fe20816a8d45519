#!/usr/bin/env bash
# webdav-server 2.6.3 answers a range behind the end of a file with 206, not 416, and with a Content-Range that RFC 9110 forbids.
#
# RFC 9110, 14.4: the last position of a Content-Range must not be less than the first one, and 15.5.17: 416 is for ranges that
# begin behind the end. Whoever asks whether a file has grown since gets "206, 0 bytes". The size of the file is `*` in all its
# answers, though the same server tells it with the whole file; so a client cannot learn from a range whether the
# file still has the size that it had.
#
# Seen on 2026-12-01 with Node 20, for files of 1000 bytes and of none:
#   /file.bin          200 1000 bytes, Content-Range:
#   /file.bin 10-19    206 10 bytes, Content-Range: bytes 10-19/*
#   /file.bin 1000-    206 0 bytes, Content-Range: bytes 1000-999/*
#   /file.bin 5000-    206 0 bytes, Content-Range: bytes 1000-999/*
#   /empty.bin 0-      206 0 bytes, Content-Range: bytes 0--1/*
# Needs: bash, curl, npm. Ends with 1 if any of it changes.
set -euo pipefail
dir=$(mktemp -d)
pid=
trap 'kill $pid 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"

npm init -y >/dev/null
npm install --silent --no-fund --no-audit webdav-server@2.6.3
mkdir www
head -c 1000 /dev/zero >www/file.bin
: >www/empty.bin
cat >serve.cjs <<'JS'
const { v2 } = require("webdav-server");
const server = new v2.WebDAVServer({ port: 0, hostname: "127.0.0.1" });
server.setFileSystem("/", new v2.PhysicalFileSystem("www"), () =>
  server.start((http) => console.log(http.address().port)));
JS
node serve.cjs >port &
pid=$!
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done

ask() {
  local range=()
  [ $# -eq 1 ] || range=(-H "Range: bytes=$2")
  curl -s -o /dev/null "${range[@]}" -w "$* %{http_code} %{size_download} bytes, Content-Range: %header{content-range}\n" \
    "http://127.0.0.1:$(cat port)$1"
}
{
  ask /file.bin
  ask /file.bin 10-19
  ask /file.bin 1000-
  ask /file.bin 5000-
  ask /empty.bin 0-
} >seen
cat seen
diff seen - <<'SEEN' && echo "as seen before"
/file.bin 200 1000 bytes, Content-Range: 
/file.bin 10-19 206 10 bytes, Content-Range: bytes 10-19/*
/file.bin 1000- 206 0 bytes, Content-Range: bytes 1000-999/*
/file.bin 5000- 206 0 bytes, Content-Range: bytes 1000-999/*
/empty.bin 0- 206 0 bytes, Content-Range: bytes 0--1/*
SEEN
