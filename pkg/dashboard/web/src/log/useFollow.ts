import { useEffect, useState } from 'react'
import type { Anchor } from './anchor'
import { newest } from './opening'
import { keyOf, type LogStore } from './store'

/**
 * useFollow keeps the end of the running step in view until the reader scrolls up, and goes on with the step that begins
 * next. A step that failed stays in view.
 */
export function useFollow(store: LogStore, version: number, start: string | undefined, to: (anchor: Anchor) => void) {
  const [following, setFollowing] = useState(start)
  const running = newest(store.steps)
  const next = running && keyOf(running)
  useEffect(() => {
    if (!following || !next || next === following) return
    if (store.step(following)?.state === 'failure') return
    store.close(following, true)
    store.open(next, true)
    setFollowing(next)
    to({ key: next, end: true })
  }, [store, version, following, next, to])
  const follow = () => {
    if (!next) return
    store.open(next, true)
    setFollowing(next)
    to({ key: next, end: true })
  }
  return { following, canFollow: next !== undefined && !following, follow, leave: () => setFollowing(undefined) }
}
