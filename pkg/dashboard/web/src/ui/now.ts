import { useSyncExternalStore } from 'react'

/** One clock for the whole page: it ticks once a second while something shows the time, and rests in a hidden tab. */
let now = Date.now()
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function tick() {
  if (document.hidden) return
  now = Date.now()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  if (!timer) {
    now = Date.now()
    timer = setInterval(tick, 1000)
    document.addEventListener('visibilitychange', tick)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
    document.removeEventListener('visibilitychange', tick)
  }
}

const never = () => () => {}

/** useNow is the time in ms, at most a second old, or of the first look when the component does not tick. */
export function useNow(ticks = true): number {
  return useSyncExternalStore(ticks ? subscribe : never, () => now)
}

/** useCoarseNow is the time in ms, at most ten seconds old, so that what shows minutes renders seldom. */
export function useCoarseNow(): number {
  return useSyncExternalStore(subscribe, () => Math.floor(now / 10_000) * 10_000)
}
