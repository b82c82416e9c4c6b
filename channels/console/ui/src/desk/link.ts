// The socket of the desk, from signing in to signing out. It comes back by itself,
// and says so: what was missed is then read again by those who listen.

import { ApiError } from '../api'
import type { Frame } from './types'

const pingEvery = 20_000
const patience = 10_000
const firstPause = 500
const longestPause = 30_000

export interface LinkEvents {
  /** The link stands, for the first time or again. */
  ready(): void
  frame(f: Frame): void
  /** The link is down and will be tried again. */
  down(): void
  /** The link will not come back: signed out, or refused for good. */
  over(reason: 'signed_out' | 'refused'): void
}

export interface Link {
  send(frame: object): void
  /** Makes sure that the link lives: computers sleep, and sockets with them. */
  check(): void
  close(): void
}

export interface LinkParts {
  Socket: typeof WebSocket
  url: string
  /** Asks for what opens one socket. */
  ticket(): Promise<string>
  random?: () => number
}

export class DeskLink implements Link {
  private socket: WebSocket | undefined
  /** Stands for the ticket that is being fetched. */
  private fetching: symbol | undefined
  private ready = false
  private closed = false
  private tries = 0
  /** Something has to come before the timer ends. */
  private expecting = false
  /** Not to be opened before this moment. */
  private notBefore = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly parts: LinkParts,
    private readonly events: LinkEvents,
  ) {
    this.open()
  }

  send(frame: object): void {
    if (this.ready && this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame))
  }

  check(): void {
    if (this.closed) return
    if (this.ready) this.ping(patience / 2)
    else if (!this.socket && !this.fetching && Date.now() >= this.notBefore) this.open()
  }

  close(): void {
    this.closed = true
    this.drop()
  }

  private open(): void {
    this.drop()
    this.expect(patience)
    const mine = (this.fetching = Symbol())
    this.parts.ticket().then(
      (ticket) => this.fetching === mine && this.connect(ticket),
      (e: unknown) => this.fetching === mine && this.refused(e),
    )
  }

  private connect(ticket: string): void {
    this.fetching = undefined
    const socket = new this.parts.Socket(this.parts.url + '?ticket=' + encodeURIComponent(ticket))
    this.socket = socket
    socket.onmessage = (e) => this.received(e.data)
    socket.onclose = (e) => this.ended(e.code, e.reason)
    this.expect(patience)
  }

  /** There is no ticket: for now, or for whoever is signed in. */
  private refused(e: unknown): void {
    this.drop()
    const { code, retryAfter } = e instanceof ApiError ? e : { code: '', retryAfter: 0 }
    if (code === 'session' || code === 'must_change') return this.finish('signed_out')
    if (code === 'csrf' || code === 'forbidden') return this.finish('refused')
    this.later(retryAfter * 1000)
  }

  private received(data: unknown): void {
    const frame = parse(data)
    if (!frame) return
    if (frame.t === 'ready') {
      this.ready = true
      this.tries = 0
      this.events.ready()
    }
    if (!this.ready) return
    if (this.expecting) this.rest()
    if (frame.t !== 'pong' && frame.t !== 'ready') this.events.frame(frame)
  }

  /** Something came: the next ping is a while off. */
  private rest(): void {
    this.expecting = false
    this.set(pingEvery, () => this.ping(patience))
  }

  private ping(within: number): void {
    this.send({ t: 'ping' })
    this.expect(within)
  }

  private expect(within: number): void {
    this.expecting = true
    this.set(within, () => this.ended(0, ''))
  }

  private ended(code: number, reason: string): void {
    this.drop()
    if (this.closed) return
    if (code === 3102) return this.finish('signed_out')
    if ((code >= 3300 && code < 3400) || code === 1003 || code === 1007 || code === 1009) return this.finish('refused')
    this.later(asked(reason))
  }

  /** Comes back after a pause, of so many milliseconds at least. */
  private later(least: number): void {
    this.events.down()
    const pause = Math.max(this.pause(), least)
    this.notBefore = Date.now() + pause
    this.set(pause, () => this.open())
  }

  private finish(reason: 'signed_out' | 'refused'): void {
    this.closed = true
    this.events.over(reason)
  }

  /** Exponential with jitter, so that many agents do not come back at once. */
  private pause(): number {
    const most = Math.min(longestPause, firstPause * 2 ** this.tries++)
    return most * (0.5 + 0.5 * (this.parts.random ?? Math.random)())
  }

  private set(pause: number, work: () => void): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(work, pause)
  }

  private drop(): void {
    clearTimeout(this.timer)
    this.ready = false
    this.fetching = undefined
    if (!this.socket) return
    this.socket.onmessage = this.socket.onclose = null
    this.socket.close()
    this.socket = undefined
  }
}

/** How long the server asks to stay away, in milliseconds. */
const asked = (reason: string): number => Number(/retry_after=(\d+)/.exec(reason)?.[1] ?? 0) * 1000

function parse(data: unknown): Frame | undefined {
  try {
    const frame = JSON.parse(String(data)) as Frame
    return typeof frame?.t === 'string' ? frame : undefined
  } catch {
    return undefined
  }
}
