import { useState } from 'react'
import { useLocation } from 'react-router'
import { type Anchor, top } from './anchor'
import { openingOf } from './opening'
import { placeOf } from './place'
import type { LogStore } from './store'

/** useStart decides once what is shown first: the place in the address, or the step that a reader most likely came for. */
export function useStart(store: LogStore, over: boolean) {
  const { hash } = useLocation()
  const [start] = useState((): { anchor: Anchor; following?: string } => {
    const place = placeOf(hash)
    if (place && store.step(place.step)) {
      store.reveal(place.step, place.first, place.last)
      return { anchor: { key: place.step, line: place.first, offset: place.first > 0 ? -200 : 0 } }
    }
    const opening = openingOf(store.steps, over)
    if (!opening) return { anchor: top }
    store.open(opening.key, true)
    if (opening.at === 'start') return { anchor: top }
    return { anchor: { key: opening.key, end: true }, following: opening.at === 'follow' ? opening.key : undefined }
  })
  return start
}
