// Who is signed in on this page.

import { reactive } from 'vue'
import { api, ApiError, type Right, type Schemas } from './api'

export const session = reactive({
  me: undefined as Schemas['Me'] | undefined,
  /** The server has been asked. */
  known: false,
})

export const may = (right: Right | undefined): boolean => right === undefined || (session.me?.rights.includes(right) ?? false)

/** Asks the server who is signed in, once. Fails only if it cannot be reached. */
export async function know(): Promise<void> {
  if (session.known) return
  try {
    session.me = await api.get('/me')
  } catch (e) {
    if (!(e instanceof ApiError) || e.status !== 401) throw e
    session.me = undefined
  }
  session.known = true
}

export function signedIn(me: Schemas['Me']): void {
  session.me = me
  session.known = true
}

export function signedOut(): void {
  session.me = undefined
  session.known = true
}

/** Asks again, after something about the own account changed. */
export async function refresh(): Promise<void> {
  session.known = false
  await know()
}
