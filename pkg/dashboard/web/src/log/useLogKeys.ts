import { useKeys } from '../ui/keys'
import { setPrefs, usePrefs } from './prefs'

interface LogKeys {
  search: () => void
  match: (by: 1 | -1) => void
  error: () => void
  ask: () => void
  step: (by: 1 | -1) => void
  follow: () => void
  full: () => void
  /** Set while the log covers the page. */
  leave: (() => void) | undefined
}

const next = { none: 'clock', clock: 'since', since: 'none' } as const

export function useLogKeys(does: LogKeys) {
  const prefs = usePrefs()
  useKeys('Log', [
    { key: '/', does: 'search the log', run: does.search },
    { key: 'n', does: 'next match', run: () => does.match(1) },
    { key: 'N', does: 'previous match', run: () => does.match(-1) },
    { key: 'e', does: 'next error', run: does.error },
    { key: 'g', does: 'go to a line or a time', run: does.ask },
    { key: 'j', does: 'next step', run: () => does.step(1) },
    { key: 'k', does: 'previous step', run: () => does.step(-1) },
    { key: 'l', does: 'follow the running step', run: does.follow },
    { key: 't', does: 'times: none, of the day, since the step began', run: () => setPrefs({ times: next[prefs.times] }) },
    { key: 'w', does: 'wrap long lines', run: () => setPrefs({ wrap: !prefs.wrap }) },
    { key: 'f', does: 'whole window', run: does.full },
    ...(does.leave ? [{ key: 'Escape', does: 'leave the whole window', run: does.leave }] : []),
  ])
}
