import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface HungServer {
  readonly port: number;
  /** Connections ever made. */
  connections(): number;
  stop(): Promise<void>;
}

/** Takes every connection, says the greeting, reads all that comes, and never says another word. */
export async function startHungServer(greeting: string): Promise<HungServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
    socket.write(greeting);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
