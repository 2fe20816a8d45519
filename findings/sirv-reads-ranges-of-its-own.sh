#!/usr/bin/env bash
# sirv 3.0.2 sends other bytes than two forms of Range ask for, with status 206.
#
# `bytes=-5` asks for the last five bytes (RFC 9110, 14.1.2): sirv sends the first six. `bytes=0-0` asks for the first byte: sirv
# sends the whole file. Its Content-Range tells what it sends, so whoever reads that notices.
#
# Seen on 2026-12-01 with Node 20, for a file of 1000 bytes:
#   bytes=-5   206 bytes 0-5/1000, 6 bytes
#   bytes=0-0  206 bytes 0-999/1000, 1000 bytes
#   bytes=0-1  206 bytes 0-1/1000, 2 bytes
#   bytes=5-   206 bytes 5-999/1000, 995 bytes
# Needs: bash, curl, npm. Ends with 1 if any of it changes.
set -euo pipefail
dir=$(mktemp -d)
pid=
trap 'kill $pid 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"

npm init -y >/dev/null
npm install --silent --no-fund --no-audit sirv@3.0.2
mkdir www
head -c 1000 /dev/zero >www/file.bin
cat >serve.mjs <<'JS'
import { createServer } from "node:http";
import sirv from "sirv";
const server = createServer(sirv("www")).listen(0, "127.0.0.1", () => console.log(server.address().port));
JS
node serve.mjs >port &
pid=$!
for _ in $(seq 100); do [ -s port ] && break || sleep 0.1; done
url="http://127.0.0.1:$(cat port)/file.bin"

for range in bytes=-5 bytes=0-0 bytes=0-1 bytes=5-; do
  curl -s -o /dev/null -H "Range: $range" -w "$range %{http_code} %header{content-range}, %{size_download} bytes\n" "$url"
done >seen
cat seen
diff seen - <<'SEEN' && echo "as seen before"
bytes=-5 206 bytes 0-5/1000, 6 bytes
bytes=0-0 206 bytes 0-999/1000, 1000 bytes
bytes=0-1 206 bytes 0-1/1000, 2 bytes
bytes=5- 206 bytes 5-999/1000, 995 bytes
SEEN
