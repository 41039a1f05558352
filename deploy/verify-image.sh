#!/bin/bash
# Builds the Dockerfile without a Docker engine, looks at what is in the image, runs it under runc as a container
# platform would (no root, read-only file system, no capabilities), asks it for its health and stops it.
# Needs root on Debian with: apt-get install -y --no-install-recommends buildah debootstrap runc
# and an installed project (npm ci). The first run makes a base image and takes some minutes; it is kept.
set -euo pipefail

repo=$(cd "$(dirname "$0")/.." && pwd)
work=${KEDGE_IMAGE_DIR:-${TMPDIR:-/tmp}/kedge-image}
image_mb_max=400
app_mb_max=100
stop_ms_max=15000
node=$repo/node_modules/.bin/node
base=localhost/node-base:24
image=localhost/kedge:verify
name=kedge-verify-$$

mkdir -p "$work"
cd "$work"
export BUILDAH_ISOLATION=chroot
build() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }
run() { runc --root "$work/runc" "$@"; }
fail() { echo "image: $*" >&2; exit 1; }

for tool in buildah debootstrap runc; do
  command -v "$tool" >/dev/null || fail "$tool is missing; see the top of this script"
done
[ -x "$node" ] || fail 'run npm ci first'

# A stand-in for node:24-bookworm-slim, made of Debian and the project's own Node, since there is no registry to ask.
make_base() {
  local container
  rm -rf rootfs
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6,libatomic1 bookworm rootfs >debootstrap.log
  rm -rf rootfs/var/cache/apt rootfs/var/lib/apt/lists/*
  cp -L "$node" rootfs/usr/local/bin/node
  mkdir -p rootfs/usr/local/lib/node_modules
  cp -r "$(npm root -g)/npm" rootfs/usr/local/lib/node_modules/npm
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js rootfs/usr/local/bin/npm
  # The npm registry may stand behind a certificate authority that only this machine knows.
  cp -L /etc/ssl/certs/ca-certificates.crt rootfs/etc/ssl/certs/
  container=$(build from scratch)
  build copy -q "$container" rootfs / >/dev/null
  build config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    --env PATH=/usr/local/bin:/usr/bin:/bin "$container"
  build commit -q "$container" "$base" >/dev/null
  build rm "$container" >/dev/null
  rm -rf rootfs
}
build inspect --type image "$base" >/dev/null 2>&1 || make_base

# The context is what git knows or would know, so that nothing lying about gets in.
rm -rf context
mkdir context
git -C "$repo" ls-files -z --cached --others --exclude-standard |
  (cd "$repo" && xargs -0 -I{} sh -c '[ ! -e "$1" ] || printf "%s\0" "$1"' _ {}) |
  (cd "$repo" && tar --null -T - -c) | tar -x -C context
build bud --pull-never --layers=false --format docker --build-arg "BASE_IMAGE=$base" -t "$image" context \
  >build.log 2>&1 || { tail -40 build.log >&2; fail 'the build failed'; }

container=$(build from --pull-never "$image")
root=$(build mount "$container")
pid=
clean_up() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  run delete -f "$name" >/dev/null 2>&1 || true
  build umount "$container" >/dev/null || true
  build rm "$container" >/dev/null || true
}
trap clean_up EXIT

# What the image says about itself.
build inspect --type image "$image" >image.json
"$node" - image.json <<'JS'
const { readFileSync } = require('node:fs');
const config = JSON.parse(readFileSync(process.argv[2], 'utf8')).Docker.config;
const env = Object.fromEntries((config.Env ?? []).map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
const wrong = Object.entries({
  'user is 65532:65532': config.User === '65532:65532',
  'ports 4318 and 9464': ['4318/tcp', '9464/tcp'].every((port) => config.ExposedPorts?.[port]),
  'volume /var/lib/kedge': config.Volumes?.['/var/lib/kedge'] !== undefined,
  'a health check without a shell': config.Healthcheck?.Test?.[0] === 'CMD',
  'stop signal SIGTERM': config.StopSignal === 'SIGTERM',
  'entry point is node': config.Entrypoint?.[0] === 'node' && config.Entrypoint.includes('--disable-sigusr1'),
  'UV_THREADPOOL_SIZE=16': env.UV_THREADPOOL_SIZE === '16',
}).filter(([, right]) => !right);
if (wrong.length > 0) {
  console.error(`image: not as it should be: ${wrong.map(([what]) => what).join('; ')}`);
  process.exit(1);
}
JS

# What is in it.
sources=$(find "$root/app" -path "$root/app/node_modules" -prune -o -name '*.ts' -print)
[ -z "$sources" ] || fail "sources of ours: $sources"
native=$(find "$root/app" -name '*.node' | wc -l)
[ "$native" = 1 ] || fail "$native native modules, expected the one of this platform"
for unwanted in npm npx gcc cc make python3 curl; do
  found=$(find "$root"/usr/local/bin "$root"/usr/bin "$root"/bin -maxdepth 1 -name "$unwanted" -print -quit)
  [ -z "$found" ] || fail "$unwanted is in the image"
done
"$node" - "$repo/package-lock.json" "$root/app" <<'JS'
const { existsSync, readFileSync } = require('node:fs');
const [lock, app] = process.argv.slice(2);
const packages = Object.entries(JSON.parse(readFileSync(lock, 'utf8')).packages);
const development = packages.filter(([path, entry]) => path !== '' && entry.dev && existsSync(`${app}/${path}`));
if (development.length > 0) {
  console.error(`image: packages for development: ${development.map(([path]) => path).join(' ')}`);
  process.exit(1);
}
JS
image_mb=$(du -sm "$root" | cut -f1)
app_mb=$(du -sm "$root/app" | cut -f1)
echo "image: $image_mb MB in all, $app_mb MB of it ours (dist $(du -sk "$root/app/dist" | cut -f1) kB)"
[ "$image_mb" -le "$image_mb_max" ] || fail "more than $image_mb_max MB"
[ "$app_mb" -le "$app_mb_max" ] || fail "the application has more than $app_mb_max MB"

# Run it. Its network is its own, with nothing but a loopback interface.
mkdir -p bundle
"$node" - "$root" image.json >bundle/config.json <<'JS'
const { readFileSync } = require('node:fs');
const [root, image] = process.argv.slice(2);
const { Entrypoint, Cmd, Env } = JSON.parse(readFileSync(image, 'utf8')).Docker.config;
const tmpfs = (destination, ...options) =>
  ({ destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', ...options] });
console.log(JSON.stringify({
  ociVersion: '1.0.2',
  root: { path: root, readonly: true },
  process: {
    user: { uid: 65532, gid: 65532 }, args: [...Entrypoint, ...Cmd], env: Env, cwd: '/app',
    noNewPrivileges: true, capabilities: {},
  },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    tmpfs('/dev', 'mode=755', 'size=65536k'),
    tmpfs('/tmp'),
    tmpfs('/var/lib/kedge', 'uid=65532', 'gid=65532', 'mode=0750'),
  ],
  linux: {
    namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })),
    maskedPaths: ['/proc/kcore', '/sys/firmware'],
    readonlyPaths: ['/proc/sys', '/proc/irq', '/proc/bus'],
  },
}));
JS
began=$(date +%s%N)
run run --bundle bundle "$name" >run.log 2>&1 &
pid=$!
since() { echo "$((($(date +%s%N) - $1) / 1000000)) ms"; }

# The image's own health check, run inside the container as a platform would.
mapfile -d '' -t health < <("$node" -e '
  const { Healthcheck } = JSON.parse(require("node:fs").readFileSync("image.json", "utf8")).Docker.config;
  for (const word of Healthcheck.Test.slice(1)) process.stdout.write(`${word}\0`);')
inside() { run exec --user 65532:65532 "$name" "$@"; }
up=
for _ in $(seq 100); do
  if inside "${health[@]}" >/dev/null 2>&1; then up=1; break; fi
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.2
done
[ "$up" = 1 ] || { cat run.log >&2; fail 'the health check never passed'; }
echo "image: healthy after $(since "$began")"

inside node -e "
const ask = async (port, path, init, status, holds) => {
  const answer = await fetch('http://127.0.0.1:' + port + path, init);
  const text = await answer.text();
  if (answer.status !== status || !text.includes(holds)) throw new Error(path + ': ' + answer.status + ' ' + text.slice(0, 200));
};
const empty = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
Promise.all([ask(9464, '/metrics', {}, 200, 'kedge_build_info'), ask(4318, '/v1/traces', empty, 200, '')])
  .catch((error) => { console.error(error.message); process.exit(1); });
" || { cat run.log >&2; fail 'it does not answer as it should'; }
inside sh -c 'touch /app/x 2>/dev/null || touch /etc/x 2>/dev/null' && fail 'the file system is not read-only'
inside sh -c 'test -n "$(ls /var/lib/kedge)"' || fail 'nothing was stored in /var/lib/kedge'

began=$(date +%s%N)
run kill "$name" TERM
wait "$pid" && rc=0 || rc=$?
pid=
took=$((($(date +%s%N) - began) / 1000000))
echo "image: stopped $took ms after SIGTERM, exit code $rc"
[ "$rc" = 0 ] || { cat run.log >&2; fail 'it did not stop cleanly'; }
[ "$took" -lt "$stop_ms_max" ] || fail "it took more than $stop_ms_max ms to stop"
echo 'image: ok'
