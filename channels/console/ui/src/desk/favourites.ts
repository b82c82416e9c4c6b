// Entries that an agent keeps at hand: what the list of them shows.

import type { Favourite } from './types'

/** How one can be used: it answers, it is not for this visitor, or it is gone. */
export type Standing = 'ready' | 'unfit' | 'gone'

export const standing = (f: Favourite): Standing => (f.gone ? 'gone' : f.text ? 'ready' : 'unfit')

/** Those that are still kept and hold all the words, in their order. */
export function shown(list: readonly Favourite[], kept: ReadonlySet<string>, search: string): Favourite[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return list.filter((f) => {
    const all = `${f.question} ${f.category} ${f.text}`.toLowerCase()
    return kept.has(f.id) && words.every((w) => all.includes(w))
  })
}
