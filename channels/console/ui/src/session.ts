// Who is signed in on this page.

import { reactive } from 'vue'
import { api, ApiError, type Right, type Schemas } from './api'

export const session = reactive({
  me: undefined as Schemas['Me'] | undefined,
  /** The server has been asked. */
  known: false,
})

export const may = (right: Right | undefined): boolean => right === undefined || (session.me?.rights.includes(right) ?? false)

/** Notes who is signed in, here and for what the page writes. */
function note(me: Schemas['Me'] | undefined): void {
  session.me = me
  session.known = true
  api.writesAs(me)
}

/** Asks the server who is signed in, once. Fails only if it cannot be reached. */
export async function know(): Promise<void> {
  if (session.known) return
  try {
    note(await api.get('/me'))
  } catch (e) {
    if (!(e instanceof ApiError) || e.status !== 401) throw e
    note(undefined)
  }
}

export const signedIn = (me: Schemas['Me']): void => note(me)

export const signedOut = (): void => note(undefined)

/** Asks again, after something about the own account changed. */
export async function refresh(): Promise<void> {
  session.known = false
  await know()
}
