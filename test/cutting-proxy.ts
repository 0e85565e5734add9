/** A way to a server on loopback that can be cut: before bytes arrive there, or after, before the answer comes back. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What becomes of bytes that a client sends: they arrive; the connection is cut before; it is cut when the answer comes. */
export type Cut = 'none' | 'before' | 'after';

export class CuttingProxy {
  /** Decides what becomes of what a client has sent. */
  fate: () => Cut = () => 'none';
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<CuttingProxy> {
    const server = createServer((client) => {
      proxy.#join(client, connect(port, '127.0.0.1'));
    });
    const proxy = new CuttingProxy(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts all that is connected. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, server: Socket): void {
    let isDoomed = false;
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', () => {
        this.#open.delete(socket);
        end();
      });
    }
    client.on('data', (data) => {
      const fate = this.fate();
      if (fate === 'before') end();
      else {
        isDoomed ||= fate === 'after';
        server.write(data);
      }
    });
    server.on('data', (data) => {
      if (isDoomed) end();
      else client.write(data);
    });
  }
}
