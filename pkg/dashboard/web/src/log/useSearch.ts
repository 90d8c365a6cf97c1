import { useEffect, useMemo, useState } from 'react'
import { forBrowser } from './patterns'
import { type Match, nothingFound, Search } from './search'
import type { LogStore } from './store'
import { searchable } from './opening'

/** useSearch searches the steps of a log for a pattern, which the caller keeps, and shows the first match. */
export function useSearch(store: LogStore, query: string, show: (match: Match) => void, jump: boolean) {
  const [found, setFound] = useState(nothingFound)
  const search = useMemo(() => new Search(store.source, setFound), [store])
  const begin = (text: string, go: boolean) => void search.start(text, searchable(store.steps), go ? show : undefined)
  useEffect(() => {
    begin(query, jump)
    // A new query searches; that steps or functions are new does not.
  }, [search, query])
  useEffect(() => () => void search.start('', []), [search])
  const move = async (by: 1 | -1) => {
    const match = await search.move(by)
    if (match) show(match)
  }
  const select = (index: number) => {
    const match = search.select(index)
    if (match) show(match)
  }
  const pattern = useMemo(() => (query ? forBrowser(query) : undefined), [query])
  return { found, pattern, move, select, more: () => void search.more(), again: () => begin(query, true) }
}
