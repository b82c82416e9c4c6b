// The way to the server without a socket: POST send for each frame, in order,
// and GET poll for what comes.

import { readFrames, type ClientFrame, type ServerFrame } from './protocol'
import { request, RequestError } from './session'
import type { Link, LinkEvents } from './socket'

const sendTimeout = 20_000
const pollTimeout = 35_000
const emptyPause = 1_000 // between two polls when the first came back at once with nothing

export class PollLink implements Link {
  private over = false
  private ready = false
  private readonly abort = new AbortController()
  private queue: Promise<void> = Promise.resolve()

  constructor(
    private readonly base: string,
    private readonly token: string,
    private readonly fetcher: typeof fetch,
    private readonly position: () => { conversation: string; after: number },
    private readonly events: LinkEvents,
  ) {
    this.post(events.hello())
  }

  send(f: ClientFrame): void {
    // A typing sign is not worth a request.
    if (f.t !== 'typing' && f.t !== 'ping') this.post(f)
  }

  check(): void {
    // Each poll is a check.
  }

  close(): void {
    this.over = true
    this.abort.abort()
  }

  private post(f: ClientFrame): void {
    this.queue = this.queue.then(() => this.exchange(f)).catch((e) => this.end(e))
  }

  private async exchange(f: ClientFrame): Promise<void> {
    if (this.over) return
    try {
      this.deliver(await this.call('send', 'POST', JSON.stringify(f), sendTimeout))
      if (!this.ready) throw new Error('not ready')
    } catch (e) {
      if (!(e instanceof RequestError) || !isReply(e.code)) throw e
      if (f.t === 'hello') throw e
      this.deliver([{ t: 'error', code: e.code, text: e.message, id: 'id' in f ? f.id : '', retryAfter: e.retryAfter }])
    }
  }

  private async call(path: string, method: string, body: string | undefined, timeout: number): Promise<ServerFrame[]> {
    const headers: Record<string, string> = { Authorization: 'Bearer ' + this.token }
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    return readFrames(await request(this.fetcher, this.base + path, { method, headers, body, signal: this.abort.signal }, timeout))
  }

  private deliver(frames: ServerFrame[]): void {
    for (const f of frames) {
      if (this.over) return
      if (f.t === 'ready' && !this.ready) {
        this.ready = true
        this.events.ready()
        void this.poll()
      }
      this.events.frame(f)
    }
  }

  private async poll(): Promise<void> {
    try {
      while (!this.over) {
        const began = Date.now()
        const { conversation, after } = this.position()
        const query = `conversation=${encodeURIComponent(conversation)}&after=${after}`
        const frames = await this.call('poll?' + query, 'GET', undefined, pollTimeout).catch(patient)
        this.deliver(frames)
        if (Date.now() - began < emptyPause && this.position().after === after) await pause(emptyPause)
      }
    } catch (e) {
      this.end(e)
    }
  }

  private end(e: unknown): void {
    if (this.over) return
    this.close()
    const code = e instanceof RequestError ? e.code : 0
    this.events.closed(this.ready, code === 4010 ? 3101 : code === 4030 ? 3300 : 0, '')
  }
}

/** Errors that are about the frame, not about the way. */
function isReply(code: number): boolean {
  return code >= 4000 && code !== 4010 && code !== 4030 && code !== 5030 && code !== 5020 && code !== 5040
}

/** Waits where the server asks for it. */
async function patient(e: unknown): Promise<ServerFrame[]> {
  if (!(e instanceof RequestError) || e.code < 4290 || e.code > 4299) throw e
  await pause(Math.max(1, e.retryAfter) * 1000)
  return []
}

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))
