import { useSyncExternalStore } from 'react'

export type Times = 'none' | 'clock' | 'since'

/** Prefs are how a reader likes logs; the browser remembers them for all runs. */
export interface Prefs {
  wrap: boolean
  times: Times
}

const key = 'pharos-log'
const usual: Prefs = { wrap: false, times: 'none' }
const listeners = new Set<() => void>()
let prefs = parsePrefs(stored())

function stored(): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // storage is forbidden, or there is none
  }
}

/** parsePrefs reads what was remembered; anything else is the usual. */
export function parsePrefs(text: string | null): Prefs {
  try {
    const { wrap, times } = { ...usual, ...(JSON.parse(text ?? '{}') as Partial<Prefs>) }
    return { wrap: wrap === true, times: times === 'clock' || times === 'since' ? times : 'none' }
  } catch {
    return usual
  }
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function setPrefs(change: Partial<Prefs>) {
  prefs = { ...prefs, ...change }
  try {
    localStorage.setItem(key, JSON.stringify(prefs))
  } catch {
    // storage is forbidden: it lasts for the page
  }
  for (const listener of listeners) listener()
}

export function usePrefs(): Prefs {
  return useSyncExternalStore(subscribe, () => prefs)
}
