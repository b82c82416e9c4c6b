// One socket, from its opening to its end: hello, ready, a watchdog.

import { parseFrame, type ClientFrame, type ServerFrame } from './protocol'

export const readyTimeout = 8_000
export const pingEvery = 25_000
export const pongTimeout = 10_000

export interface LinkEvents {
  hello(): ClientFrame
  ready(): void
  frame(f: ServerFrame): void
  /** Called once. ready says whether the link ever worked; code 0 means it fell silent. */
  closed(ready: boolean, code: number, reason: string): void
}

/** A way to the server that is open. */
export interface Link {
  send(f: ClientFrame): void
  /** Makes sure that the link still lives: phones sleep, and sockets with them. */
  check(): void
  /** Ends the link without a word to its events. */
  close(): void
}

export class SocketLink implements Link {
  private readonly socket: WebSocket
  private ready = false
  private over = false
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(url: string, Socket: typeof WebSocket, private readonly events: LinkEvents) {
    this.socket = new Socket(url)
    this.socket.onopen = () => this.write(events.hello())
    this.socket.onmessage = (e) => this.received(e.data)
    this.socket.onclose = (e) => this.end(e.code, e.reason)
    this.expect(readyTimeout)
  }

  send(f: ClientFrame): void {
    if (this.ready) this.write(f)
  }

  check(): void {
    if (this.ready) this.ping(pongTimeout / 2)
  }

  close(): void {
    this.over = true
    clearTimeout(this.timer)
    this.drop()
  }

  private write(f: ClientFrame): void {
    if (!this.over && this.socket.readyState === 1) this.socket.send(JSON.stringify(f))
  }

  private received(data: unknown): void {
    if (this.over) return
    const frame = parseFrame(data)
    if (!this.ready) {
      if (frame?.t === 'ready') {
        this.ready = true
        this.events.ready()
      } else if (frame?.t !== 'error') return
    }
    if (this.ready) this.rest()
    if (frame && frame.t !== 'pong') this.events.frame(frame)
  }

  /** Something arrived: the next ping is a while off. */
  private rest(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.ping(pongTimeout), pingEvery)
  }

  private ping(patience: number): void {
    this.write({ t: 'ping' })
    this.expect(patience)
  }

  /** Something must arrive within the time. */
  private expect(patience: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.end(0, 'silent'), patience)
  }

  private end(code: number, reason: string): void {
    if (this.over) return
    this.over = true
    clearTimeout(this.timer)
    this.drop()
    this.events.closed(this.ready, code, reason)
  }

  private drop(): void {
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null
    try {
      this.socket.close(1000)
    } catch {
      // It was never open.
    }
  }
}
