import { lazy, Suspense, useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useSession } from '../api/session'
import { useQueryState } from '../ui/query'
import type { Goal } from './goto'
import './ansi.css'
import './log.css'
import { LogBox } from './LogBox'
import { extended, type Place } from './place'
import { usePrefs } from './prefs'
import { Results } from './Results'
import type { LogStore } from './store'
import { Toolbar } from './Toolbar'
import { useErrors } from './useErrors'
import { useFollow } from './useFollow'
import { useLogKeys } from './useLogKeys'
import { useScroller } from './useScroller'
import { useSearch } from './useSearch'
import { useSelection } from './useSelection'
import { useStart } from './useStart'

const GotoDialog = lazy(async () => ({ default: (await import('./GotoDialog')).GotoDialog }))

interface LogViewerProps {
  run: string
  /** The run was over when its log was opened. */
  over: boolean
  store: LogStore
}

/** LogViewer shows the log of a run whose steps are known. */
export function LogViewer({ run, over, store }: LogViewerProps) {
  const version = useSyncExternalStore(store.subscribe, store.version)
  const prefs = usePrefs()
  const patterns = useSession().data?.errorPatterns ?? []
  const [{ q = '' }, setQuery] = useQueryState(['q'])
  const start = useStart(store, over)
  const [full, setFull] = useState(false)
  const [asking, setAsking] = useState(false)
  const [listed, setListed] = useState(false)
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
    store.reveal(place.step, place.first, place.last)
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

  const errors = useErrors(store, patterns, place, go)
  const trouble = store.trouble ?? search.found.error ?? errors.note
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
    error: errors.next,
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
        live={follow.following !== undefined}
        seeking={errors.busy}
        canSeek={patterns.length > 0}
        onSearch={(text) => {
          setQuery({ q: text || undefined }, { replace: true })
          setListed(text !== '' && innerWidth > 900)
        }}
        onList={() => setListed(!listed)}
        onError={errors.next}
        onAsk={() => setAsking(true)}
        onFull={() => setFull(!full)}
        onClear={() => select(undefined)}
      />
      {trouble && (
        <p className="log-trouble" role="status">
          {trouble}
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
