// The words of an answer, where only its question is known.

import { ApiError } from '../api'
import { calls } from './calls'
import type { Talk } from './store'

export interface Answer {
  entry: string
  question: string
  text: string
}

/** The answer of an entry for the visitor of a conversation. */
export async function answerOf(talk: Talk, c: { entry: string; question: string }): Promise<Answer> {
  const at = (list: readonly (Answer & object)[]): Answer | undefined => list.find((a) => a.entry === c.entry)
  const found = at(talk.advice.list) ?? at(await calls.advice(talk.id, c.question))
  if (!found) throw new ApiError(404, 'not_found', '这个知识点已经不在了')
  return { entry: c.entry, question: c.question, text: found.text }
}
