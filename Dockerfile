# A release pins the base by digest: --build-arg BASE_IMAGE=node:24-bookworm-slim@sha256:…
ARG BASE_IMAGE=node:24-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --workspaces=false
COPY . .
# What is left after this is what runs: no sources, no packages for development, no binaries for other platforms.
RUN npm run build \
 && npm prune --omit=dev --ignore-scripts --workspaces=false \
 && find dist -type f \( -name '*.d.ts' -o -name '*.map' \) -delete \
 && find node_modules/better-sqlite3/prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete \
 && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src node_modules/.package-lock.json

FROM ${BASE_IMAGE}
# libuv's threads serve name look-ups, files and zlib; with the usual four, two silent names hold up the rest.
ENV NODE_ENV=production UV_THREADPOOL_SIZE=16
WORKDIR /app
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn* \
 && mkdir -p /var/lib/kedge \
 && chown 65532:65532 /var/lib/kedge
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY deploy/docker/kedge.yaml /etc/kedge/kedge.yaml
USER 65532:65532
VOLUME ["/var/lib/kedge"]
EXPOSE 4318 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.KEDGE_ADMIN_PORT || 9464) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1, so it gets SIGTERM. Without the flag SIGUSR1 would open a debugger port.
ENTRYPOINT ["node", "--disable-sigusr1", "/app/dist/agent/kedge.js"]
CMD ["serve", "--config", "/etc/kedge/kedge.yaml"]
