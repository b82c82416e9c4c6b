// What the board shows, from what the server tells.

import type { Board } from '../desk/types'

export interface Totals {
  waiting: number
  longest: number // since when the first of them waits; 0 for nobody
  online: number
  free: number // how many more conversations there is room for
  serving: number
  unanswered: number
}

export function totals(b: Board | undefined): Totals {
  const sums: Totals = { waiting: 0, longest: 0, online: 0, free: 0, serving: 0, unanswered: 0 }
  for (const g of b?.groups ?? []) {
    sums.waiting += g.waiting
    if (g.longest && (!sums.longest || g.longest < sums.longest)) sums.longest = g.longest
  }
  for (const s of b?.seats ?? []) {
    sums.serving += s.serving
    sums.unanswered += s.unanswered
    if (s.presence !== 'online') continue
    sums.online++
    sums.free += Math.max(0, s.most - s.serving)
  }
  return sums
}

export interface Bar {
  id: string
  name: string
  serving: number
  waiting: number
  online: number
  longest: number
  /** Parts of the bar, of 100. */
  servingPart: number
  waitingPart: number
}

/** The groups as bars; the longest one fills the width. */
export function bars(b: Board | undefined): Bar[] {
  const groups = b?.groups ?? []
  const most = Math.max(1, ...groups.map((g) => g.serving + g.waiting))
  return groups.map((g) => ({
    id: g.group.id, name: g.group.name || '未分组', serving: g.serving, waiting: g.waiting, online: g.online, longest: g.longest,
    servingPart: (g.serving / most) * 100, waitingPart: (g.waiting / most) * 100,
  }))
}
