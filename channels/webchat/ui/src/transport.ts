// Keeps a link to the server: session, socket, fallback, and what to do when
// one of them ends. It knows nothing of conversations.

import { Backoff } from './backoff'
import { PollLink } from './poll'
import { onClose, onError, type ClientFrame, type ServerFrame, type Session } from './protocol'
import { RequestError } from './session'
import { SocketLink, type Link, type LinkEvents } from './socket'

export type LinkState =
  | { mode: 'connecting' }
  | { mode: 'online' }
  | { mode: 'fallback' }
  | { mode: 'waiting' }
  | { mode: 'stopped'; code: number; text: string }

export interface TransportOptions {
  base: string // where the chat lives, ends with /
  fetch: typeof fetch
  WebSocket: typeof WebSocket | undefined
  random?: () => number
  open(): Promise<Session>
  hello(): ClientFrame
  position(): { conversation: string; after: number }
  session(s: Session): void
  frame(f: ServerFrame): void
  state(s: LinkState): void
}

const failuresForFallback = 3
const failureWindow = 60_000
const probeEvery = 60_000
const steadyAfter = 10_000
// A server that is back is found after this at most; a rush it turns away by itself.
const longest = 15_000

export class Transport {
  private link: Link | undefined
  private probe: SocketLink | undefined
  private mode: LinkState['mode'] = 'waiting'
  private timer: ReturnType<typeof setTimeout> | undefined
  private probeTimer: ReturnType<typeof setTimeout> | undefined
  private steady: ReturnType<typeof setTimeout> | undefined
  private failures: number[] = [] // times of sockets that never got ready
  private fallback = false
  private earliest = 0 // the server asked not to come back before
  private attempt = 0 // replies to older attempts are ignored
  private readonly backoff: Backoff

  constructor(private readonly o: TransportOptions) {
    this.backoff = new Backoff(500, longest, o.random)
  }

  get open(): boolean {
    return this.mode === 'online' || this.mode === 'fallback'
  }

  start(): void {
    void this.connect()
  }

  /** Sends a frame now, or reports that there is no way. */
  send(f: ClientFrame): boolean {
    if (!this.open || !this.link) return false
    this.link.send(f)
    return true
  }

  /** The network is back, or the page is looked at again. */
  wake(): void {
    if (this.open) this.link?.check()
    else if (this.mode === 'waiting' && Date.now() >= this.earliest) void this.connect()
  }

  /** The visitor wants it now. */
  retry(): void {
    this.backoff.reset()
    this.earliest = 0
    void this.connect()
  }

  /** Begins anew with a new hello. */
  restart(): void {
    this.again(this.backoff.next())
  }

  private set(s: LinkState): void {
    this.mode = s.mode
    this.o.state(s)
  }

  private clear(): void {
    clearTimeout(this.timer)
    clearTimeout(this.probeTimer)
    clearTimeout(this.steady)
    this.probe?.close()
    this.link?.close()
    this.probe = this.link = undefined
  }

  private async connect(): Promise<void> {
    this.clear()
    const attempt = ++this.attempt
    this.set({ mode: 'connecting' })
    let session: Session
    try {
      session = await this.o.open()
    } catch (e) {
      if (attempt === this.attempt) this.refused(e)
      return
    }
    if (attempt !== this.attempt) return
    this.o.session(session)
    if (!this.o.WebSocket || this.fallback) this.poll(session)
    else this.link = this.socket(session, (ready, code, reason) => this.lost(ready, code, reason), () => this.online())
    if (!this.link) this.lost(false, 0, '')
  }

  private socket(s: Session, closed: LinkEvents['closed'], ready: () => void): SocketLink | undefined {
    const url = this.o.base.replace(/^http/, 'ws') + 'socket?ticket=' + encodeURIComponent(s.ticket)
    try {
      return new SocketLink(url, this.o.WebSocket!, { hello: this.o.hello, frame: (f) => this.frame(f), ready, closed })
    } catch {
      return undefined // refused by the browser or a policy
    }
  }

  private poll(s: Session): void {
    this.link = new PollLink(this.o.base, s.token, this.o.fetch, this.o.position, {
      hello: this.o.hello,
      frame: (f) => this.frame(f),
      ready: () => {
        this.settled()
        this.set({ mode: 'fallback' })
        this.probeLater()
      },
      closed: (ready, code, reason) => this.lost(ready, code, reason),
    })
  }

  private online(): void {
    this.fallback = false
    this.failures = []
    this.settled()
    this.set({ mode: 'online' })
  }

  /** A link that holds for a while makes the next pause short again. */
  private settled(): void {
    clearTimeout(this.steady)
    this.steady = setTimeout(() => this.backoff.reset(), steadyAfter)
  }

  /** While polling, a socket is tried every minute. */
  private probeLater(): void {
    if (!this.o.WebSocket) return
    clearTimeout(this.probeTimer)
    this.probeTimer = setTimeout(() => void this.tryProbe(), probeEvery)
  }

  private async tryProbe(): Promise<void> {
    const attempt = this.attempt
    try {
      const session = await this.o.open()
      if (attempt !== this.attempt) return
      this.o.session(session)
      const ended: LinkEvents['closed'] = (ready, code, reason) => {
        if (ready) return this.lost(ready, code, reason) // it had become the link
        this.probe = undefined
        this.probeLater()
      }
      this.probe = this.socket(session, ended, () => {
        this.link?.close()
        this.link = this.probe
        this.probe = undefined
        this.online()
      })
    } catch {
      this.probe = undefined
    }
    if (!this.probe && attempt === this.attempt && this.mode === 'fallback') this.probeLater()
  }

  private frame(f: ServerFrame): void {
    if (f.t === 'error' && !f.id && onError(f.code) === 'stop') return this.stop(f.code, f.text)
    if (f.t === 'error' && onError(f.code) === 'session') {
      this.o.frame(f)
      return this.again(this.backoff.next())
    }
    this.o.frame(f)
  }

  private refused(e: unknown): void {
    const { code, message, retryAfter } = e instanceof RequestError ? e : new RequestError(0, String(e))
    if (retryAfter > 0) return this.again(retryAfter * 1000 + this.backoff.next(), true)
    const action = code === 0 ? 'again' : onError(code)
    if (action === 'fail' || action === 'stop') return this.stop(code, message)
    this.again(this.backoff.next())
  }

  private lost(ready: boolean, code: number, reason: string): void {
    if (!ready && !this.fallback) this.count()
    const action = onClose(code, reason)
    switch (action.do) {
      case 'stop':
        return this.stop(code, '')
      case 'wait':
        return this.again(action.seconds * 1000 + this.backoff.next(), true)
      default:
        this.again(this.backoff.next())
    }
  }

  private count(): void {
    const now = Date.now()
    this.failures = [...this.failures.filter((t) => now - t < failureWindow), now]
    if (this.failures.length >= failuresForFallback) this.fallback = true
  }

  private again(pause: number, firm = false): void {
    this.clear()
    this.attempt++
    this.earliest = firm ? Date.now() + pause : 0
    this.set({ mode: 'waiting' })
    this.timer = setTimeout(() => void this.connect(), pause)
  }

  private stop(code: number, text: string): void {
    this.clear()
    this.attempt++
    this.set({ mode: 'stopped', code, text })
  }
}
