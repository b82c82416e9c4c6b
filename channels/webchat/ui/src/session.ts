// The session request: who the visitor is, and a ticket for one socket.

import { readHTTPError, readSession, type Session } from './protocol'

export interface Profile {
  account: string
  language: string
  page: string
  title: string
  referrer: string
  name: string
}

/** Why a request was not answered as hoped. code 0: there was no answer at all. */
export class RequestError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly retryAfter = 0,
  ) {
    super(message)
  }
}

/** Sends a request and returns the JSON of the reply; everything else is a RequestError. */
export async function request(fetcher: typeof fetch, url: string, init: RequestInit, timeout: number): Promise<unknown> {
  const abort = new AbortController()
  const outer = init.signal
  const cancel = () => abort.abort()
  outer?.addEventListener('abort', cancel)
  const timer = setTimeout(cancel, timeout)
  try {
    const reply = await fetcher(url, { ...init, signal: abort.signal, credentials: 'same-origin', cache: 'no-store' })
    const body = await reply.text()
    if (!reply.ok) throw failure(reply, body)
    return body === '' ? [] : JSON.parse(body)
  } catch (e) {
    throw e instanceof RequestError ? e : new RequestError(0, String(e))
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', cancel)
  }
}

function failure(reply: Response, body: string): RequestError {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    json = undefined
  }
  const { code, text, retryAfter } = readHTTPError(reply.status, json)
  return new RequestError(code, text, retryAfter || Number(reply.headers.get('Retry-After')) || 0)
}

export async function openSession(fetcher: typeof fetch, base: string, token: string, profile: Profile): Promise<Session> {
  const body: Record<string, string> = {}
  for (const [k, v] of Object.entries({ token, ...profile })) if (v) body[k] = v
  const reply = await request(
    fetcher,
    base + 'session',
    { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) },
    15_000,
  )
  return readSession(reply)
}
