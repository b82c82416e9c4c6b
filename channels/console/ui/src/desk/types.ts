// What the desk is about, as the server describes it, under the names used here.

import type { Schemas } from '../api'

export type Item = Schemas['Item'] // a conversation in a list
export type Message = Schemas['Message']
export type Card = Schemas['Card']
export type Preview = Schemas['Last']
export type FileInfo = Schemas['File']
export type Story = Schemas['Story']
export type Candidate = Schemas['Candidate']
export type TurnTrace = Schemas['StoryTrace']
export type Advice = Schemas['Advice']
export type Customer = Schemas['Customer']
export type Profile = Schemas['Profile']
export type Reach = Schemas['Reach'] // what may still be sent
export type Fate = Schemas['Fate'] // what became of a message
export type Delivery = Schemas['Delivery']
export type Leave = Schemas['LeaveTask']
export type Phrase = Schemas['Phrase']
export type CategoryNode = Schemas['ShelfCategory']
export type KnowledgeEntry = Schemas['ShelfEntry']
export type Favourite = Schemas['Favourite']
export type Seat = Schemas['Seat']
export type SeatLoad = Schemas['SeatLoad']
export type Group = Schemas['Group']
export type GroupLoad = Schemas['GroupLoad']
export type Board = Schemas['Board']
export type BadRating = Schemas['BadRating']
export type Block = Schemas['Block']
export type DeskInfo = Schemas['DeskHome']
export type Presence = Seat['presence']
export type Scope = 'mine' | 'queue' | 'all' | 'closed' | 'all_closed'

/** What an agent says. */
export interface Line {
  id: string
  kind: 'text' | 'answer' | 'image' | 'file'
  text?: string
  entry?: string
  file?: string
}

export interface Target {
  agent?: string
  group?: string
  bot?: boolean
}

export interface Summary {
  category: string
  solved: boolean | null
  text: string
}

/** What comes through the socket. */
export type Frame =
  | { t: 'ready' }
  | { t: 'item'; item: Item }
  | { t: 'gone'; conversation: string; nick?: string }
  | { t: 'message'; conversation: string; message: Message }
  | { t: 'typing'; conversation: string } // the visitor
  | { t: 'read'; conversation: string; seq: number } // by the visitor
  | { t: 'seat'; seat: Seat }
  | { t: 'leaves' }
  | { t: 'pong' }
