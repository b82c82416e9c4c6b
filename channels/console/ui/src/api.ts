// The one way to the server. What may be asked and what comes back is known from
// the description of the API; openapi.d.ts is made from it by: npm run api

import type { components, paths } from './openapi'

export type Schemas = components['schemas']
export type Right = Schemas['Me']['rights'][number]
export type Role = Schemas['Account']['roles'][number]

const root = '/console/api'

type Method = 'get' | 'post' | 'put' | 'delete'
type PathsOf<M extends Method> = { [P in keyof paths]: paths[P][M] extends undefined ? never : P }[keyof paths] & string

type BodyOf<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? { body: B } : unknown
type PathOf<O> = O extends { parameters: { path: infer P } } ? { path: P } : unknown
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? ([Q] extends [undefined] ? unknown : { query?: Q }) : unknown
type Input<O> = BodyOf<O> & PathOf<O> & QueryOf<O>
type Rest<O> = object extends Input<O> ? [input?: Input<O>] : [input: Input<O>]

type JSONOf<R> = R extends { content: { 'application/json': infer B } } ? B : never
type Output<O> = O extends { responses: infer R }
  ? R extends { 204: unknown }
    ? void
    : R extends { 200: infer A }
      ? JSONOf<A>
      : R extends { 201: infer A }
        ? JSONOf<A>
        : never
  : never

/** Why the server did not do what it was asked for. */
export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: it could not be reached
    readonly code: string,
    message: string, // for people
    readonly fields: Record<string, string> = {},
    readonly retryAfter = 0, // seconds
  ) {
    super(message)
  }

  /** The same request may work later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

type Me = Schemas['Me']

/** What happens when the server no longer knows who is asking. */
type Watch = (e: ApiError) => void

export class Api {
  private watch: Watch = () => {}
  /** Who writes on this page. */
  private me: Me | undefined

  constructor(private readonly fetch: typeof globalThis.fetch = (...a) => globalThis.fetch(...a)) {}

  /** Calls back when a session has ended, or has to change its password first. */
  onTurnedAway(watch: Watch): void {
    this.watch = watch
  }

  /** Says who is signed in on this page; what it writes carries the token of theirs. */
  writesAs(me: Me | undefined): void {
    this.me = me
  }

  get<P extends PathsOf<'get'>>(path: P, ...input: Rest<paths[P]['get']>): Promise<Output<paths[P]['get']>> {
    return this.json('get', path, input[0])
  }

  post<P extends PathsOf<'post'>>(path: P, ...input: Rest<paths[P]['post']>): Promise<Output<paths[P]['post']>> {
    return this.json('post', path, input[0])
  }

  put<P extends PathsOf<'put'>>(path: P, ...input: Rest<paths[P]['put']>): Promise<Output<paths[P]['put']>> {
    return this.json('put', path, input[0])
  }

  delete<P extends PathsOf<'delete'>>(path: P, ...input: Rest<paths[P]['delete']>): Promise<Output<paths[P]['delete']>> {
    return this.json('delete', path, input[0])
  }

  /** Asks for a file. The name is what the server calls it. */
  async file(path: PathsOf<'post'>, body: unknown): Promise<{ name: string; content: Blob }> {
    const response = await this.ask('post', path, { body })
    const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? 'download'
    return { name, content: await whole(response.blob()) }
  }

  private async json<T>(method: Method, path: string, input: unknown): Promise<T> {
    const response = await this.ask(method, path, input as Loose | undefined)
    return (response.status === 204 ? undefined : await whole(response.json())) as T
  }

  /**
   * Writes with the token of the session in its header. If that is another one by
   * now, because somebody signed in anew in another tab, it is asked for and the
   * write is tried once more, but not as somebody else than the page says.
   */
  async write<T>(send: (token: Record<string, string>) => Promise<T>): Promise<T> {
    const token = (): Record<string, string> => (this.me ? { 'X-CSRF-Token': this.me.csrf } : {})
    try {
      return await send(token())
    } catch (e) {
      if (!(e instanceof ApiError) || e.code !== 'csrf') throw e
      const now = await this.get('/me')
      if (this.me && this.me.account.id !== now.account.id) {
        throw new ApiError(e.status, e.code, '浏览器里已经换了账号登录，请刷新页面后再试')
      }
      this.me = now
      return send(token())
    }
  }

  private async ask(method: Method, path: string, input: Loose = {}): Promise<Response> {
    const init: RequestInit = { method: method.toUpperCase(), credentials: 'same-origin' }
    const accept = { Accept: 'application/json' }
    if (method === 'get') return this.once(path, input, { ...init, headers: accept })
    if (input.body !== undefined) init.body = JSON.stringify(input.body)
    return this.write((token) => this.once(path, input, { ...init, headers: { ...accept, 'Content-Type': 'application/json', ...token } }))
  }

  private async once(path: string, input: Loose, init: RequestInit): Promise<Response> {
    const response = await this.fetch(root + fill(path, input), init).catch(() => {
      throw new ApiError(0, 'network', '网络连接失败，请检查网络后重试')
    })
    if (response.ok) return response
    const error = await problem(response)
    if (error.code === 'session' || error.code === 'must_change') this.watch(error)
    throw error
  }
}

interface Loose {
  path?: Record<string, string | number>
  query?: Record<string, unknown>
  body?: unknown
}

/** Puts the values into a path, and what is not empty behind it. */
function fill(path: string, { path: values = {}, query = {} }: Loose): string {
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '' && value !== 0) search.set(name, String(value))
  }
  return search.size > 0 ? address + '?' + search : address
}

/** A body that breaks off is a matter of the network too. */
async function whole<T>(body: Promise<T>): Promise<T> {
  try {
    return await body
  } catch {
    throw new ApiError(0, 'network', '网络连接中断，请重试')
  }
}

async function problem(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get('Retry-After')) || 0
  const p = (await response.json().catch(() => ({}))) as Partial<Schemas['Problem']> & { error?: { text?: string } }
  const fields = Object.fromEntries((p.fields ?? []).map((f) => [f.name, f.reason]))
  const title = p.title ?? p.error?.text ?? (response.status >= 500 ? '服务器暂时没有响应，请稍后再试' : '请求没有成功，请重试')
  return new ApiError(response.status, p.code ?? 'broken', title, fields, p.retry_after ?? wait)
}

export const api = new Api()

/** What to tell people about an error of whatever kind. */
export const textOf = (e: unknown): string => (e instanceof ApiError ? e.message : '出了点问题，请刷新页面后重试')
