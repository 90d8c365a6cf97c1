import { lazy, Suspense, useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useLocation } from 'react-router'
import { useSession } from '../api/session'
import { useAnnounce } from '../ui/announce'
import { useQueryState } from '../ui/query'
import { type Anchor, top } from './anchor'
import { nextError } from './errors'
import type { Goal } from './goto'
import './ansi.css'
import './log.css'
import { LogBox } from './LogBox'
import { openingOf, suspects } from './opening'
import { type Place, extended, placeOf } from './place'
import { usePrefs } from './prefs'
import { Results } from './Results'
import type { LogStore } from './store'
import { Toolbar } from './Toolbar'
import { useFollow } from './useFollow'
import { useLogKeys } from './useLogKeys'
import { useScroller } from './useScroller'
import { useSearch } from './useSearch'
import { useSelection } from './useSelection'

const GotoDialog = lazy(async () => ({ default: (await import('./GotoDialog')).GotoDialog }))

interface LogViewerProps {
  run: string
  store: LogStore
}

/** LogViewer shows the log of a run whose steps are known. */
export function LogViewer({ run, store }: LogViewerProps) {
  const version = useSyncExternalStore(store.subscribe, store.version)
  const prefs = usePrefs()
  const patterns = useSession().data?.errorPatterns ?? []
  const announce = useAnnounce()
  const [{ q = '' }, setQuery] = useQueryState(['q'])
  const [start] = useStart(store)
  const [full, setFull] = useState(false)
  const [asking, setAsking] = useState(false)
  const [listed, setListed] = useState(false)
  const [seeking, setSeeking] = useState(false)
  const field = useRef<HTMLInputElement>(null)

  const scroller = useScroller({
    store,
    version,
    wrap: prefs.wrap,
    start: start.anchor,
    onMoved: (up, atEnd) => {
      if (up) follow.leave()
      else if (atEnd && follow.canFollow) follow.follow()
    },
  })
  const { to } = scroller
  const follow = useFollow(store, version, start.following, to)
  const height = scroller.view.height
  const show = useCallback(
    (step: string, line: number) => {
      store.reveal(step, line)
      to({ key: step, line, offset: line > 0 ? -Math.round(height / 3) : 0 })
    },
    [store, to, height],
  )
  const showPlace = (place: Place) => {
    follow.leave()
    show(place.step, place.first)
  }
  const [place, select] = useSelection(showPlace)
  const go = (step: string, line: number) => {
    follow.leave()
    select({ step, first: line, last: line })
    show(step, line)
  }
  const search = useSearch(store, q, (match) => (follow.leave(), show(match.step, match.number)), !place)
  const match = search.found.matches[search.found.current]

  const firstError = async () => {
    setSeeking(true)
    try {
      const steps = suspects(store.steps)
      const at = place ? steps.indexOf(place.step) : -1
      const found = await nextError(store.source, patterns, at < 0 ? steps : steps.slice(at), at < 0 ? 0 : (place?.first ?? 0))
      if (found) go(found.step, found.line)
      announce(found ? `Line ${found.line} of ${found.step}` : 'No further line looks like an error')
      setNote(found ? undefined : at < 0 ? 'No line matches the error patterns.' : 'No further line matches the error patterns.')
    } catch (err) {
      setNote(err instanceof Error ? err.message : String(err))
    } finally {
      setSeeking(false)
    }
  }
  const [note, setNote] = useState<string>()
  const here = scroller.topStep ?? place?.step
  const goal = async (wanted: Goal) => {
    if (!here) return
    if ('line' in wanted) return go(here, Math.min(wanted.line, Math.max(store.total(here), 1)))
    const { line } = await store.source.at(here, wanted.time)
    if (line < 1) throw new Error('The step printed nothing at that time or later.')
    go(here, line)
  }
  const toStep = (by: 1 | -1) => {
    const keys = store.steps.map((s) => `${s.task}/${s.step}`)
    const key = keys[Math.min(Math.max(keys.indexOf(here ?? '') + by, 0), keys.length - 1)]
    if (key) showPlace({ step: key, first: 0, last: 0 })
  }
  const toggle = (key: string) => {
    follow.leave()
    if (!store.isOpen(key)) return store.open(key)
    to({ key, line: 0, offset: 0 })
    store.close(key)
  }
  const pick = (step: string, line: number, shift: boolean) => select(shift ? extended(place, step, line) : { step, first: line, last: line })
  useLogKeys({
    search: () => field.current?.select(),
    match: (by) => void search.move(by),
    error: () => void firstError(),
    ask: () => setAsking(true),
    step: toStep,
    follow: follow.follow,
    full: () => setFull(!full),
    leave: full ? () => setFull(false) : undefined,
  })
  useEffect(() => {
    document.documentElement.classList.toggle('log-is-full', full)
    return () => document.documentElement.classList.remove('log-is-full')
  }, [full])

  return (
    <section className="log card" data-full={full || undefined} aria-label="Log">
      <Toolbar
        run={run}
        step={here}
        field={field}
        search={search}
        listed={listed}
        place={place}
        source={store.source}
        prefs={prefs}
        full={full}
        seeking={seeking}
        canSeek={patterns.length > 0}
        onSearch={(text) => {
          setQuery({ q: text || undefined }, { replace: true })
          setListed(text !== '' && innerWidth > 900)
        }}
        onList={() => setListed(!listed)}
        onError={() => void firstError()}
        onAsk={() => setAsking(true)}
        onFull={() => setFull(!full)}
        onClear={() => select(undefined)}
      />
      {(store.trouble ?? note) && (
        <p className="log-trouble" role="status">
          {store.trouble ?? note}
        </p>
      )}
      <div className="log-body">
        <LogBox
          store={store}
          version={version}
          scroller={scroller}
          prefs={prefs}
          selected={place}
          current={match}
          pattern={search.pattern}
          live={follow.following !== undefined}
          onToggle={toggle}
          onLine={pick}
          onFollow={follow.canFollow ? follow.follow : undefined}
        />
        {listed && q && <Results found={search.found} onSelect={search.select} onMore={search.more} onRetry={search.again} onClose={() => setListed(false)} />}
      </div>
      <Suspense>
        {asking && here && (
          <GotoDialog step={here} started={Date.parse(store.step(here)?.started ?? '') || Date.now()} onGo={goal} onClose={() => setAsking(false)} />
        )}
      </Suspense>
    </section>
  )
}

/** useStart decides once what is shown first: the place in the address, or the step that a reader most likely came for. */
function useStart(store: LogStore) {
  const { hash } = useLocation()
  return useState((): { anchor: Anchor; following?: string } => {
    const place = placeOf(hash)
    if (place && store.step(place.step)) {
      store.reveal(place.step, place.first)
      return { anchor: { key: place.step, line: place.first, offset: place.first > 0 ? -200 : 0 } }
    }
    const opening = openingOf(store.steps)
    if (!opening) return { anchor: top }
    store.open(opening.key, true)
    if (opening.at === 'start') return { anchor: top }
    return { anchor: { key: opening.key, end: true }, following: opening.at === 'follow' ? opening.key : undefined }
  })
}
