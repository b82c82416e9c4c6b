// Who may go where.

import type { RouteLocationRaw } from 'vue-router'
import type { Right, Schemas } from './api'
import { homeFor } from './routes'

/** What the guard has to know of where somebody goes. */
export interface Target {
  name?: unknown
  fullPath: string
  query: Record<string, unknown>
  right?: Right
}

/** Where to go instead, or true to go on. */
export function guard(to: Target, me: Schemas['Me'] | undefined): RouteLocationRaw | true {
  if (to.name === 'setup') return true
  if (!me) return to.name === 'signin' ? true : { name: 'signin', query: wanted(to) }
  if (me.account.must_change) return to.name === 'password' ? true : { name: 'password' }
  if (to.name === 'signin' || to.name === 'password') return backFrom(to.query) ?? { name: homeFor(me.rights) }
  if (to.name === 'home') return { name: homeFor(me.rights), replace: true }
  if (to.right && !me.rights.includes(to.right)) return { name: 'forbidden', replace: true }
  return true
}

/** Remembers where somebody wanted to go before the sign-in. */
function wanted(to: Target): Record<string, string> {
  return to.name === 'home' || to.name === 'password' ? {} : { to: to.fullPath }
}

/** Where somebody wanted to go; only pages of our own. */
export function backFrom(query: Record<string, unknown>): string | undefined {
  const to = query['to']
  return typeof to === 'string' && /^\/(?![/\\])/.test(to) ? to : undefined
}
