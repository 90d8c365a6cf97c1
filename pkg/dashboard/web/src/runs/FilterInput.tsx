import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useId, useRef, useState } from 'react'
import { api, must } from '../api/client'
import { useKeys } from '../ui/keys'
import type { FilterKey } from './filter'
import { asked, parse, suggest, type Suggestion } from './suggest'

interface FilterInputProps {
  onPick: (field: FilterKey, value: string) => void
  /** Backspace in the empty field. */
  onTakeBack: () => void
}

/** FilterInput is one field for all filters: it suggests the fields, then the values that there are. */
export function FilterInput({ onPick, onTakeBack }: FilterInputProps) {
  const [input, setInput] = useState('')
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(0)
  const field = useRef<HTMLInputElement>(null)
  const id = useId()
  const list = useSuggestions(input, open)
  useKeys('Runs', [{ key: '/', does: 'filter', run: () => field.current?.focus() }])

  const type = (text: string) => {
    setInput(text)
    setAt(0)
    setOpen(true)
  }
  const pick = (s: Suggestion | undefined) => {
    if (!s) return
    if (s.value === undefined) return type(`${s.text} `)
    onPick(s.field, s.value)
    setInput('')
    setAt(0)
    setOpen(false)
  }
  const keys: Record<string, () => void> = {
    ArrowDown: () => (open ? setAt((at + 1) % Math.max(list.length, 1)) : setOpen(true)),
    ArrowUp: () => setAt((at - 1 + list.length) % Math.max(list.length, 1)),
    Enter: () => (open ? pick(list[at]) : setOpen(true)),
    Escape: () => (open ? setOpen(false) : field.current?.blur()),
  }
  const shown = open && list.length > 0
  return (
    <div className="filter-input">
      <input
        ref={field}
        role="combobox"
        aria-label="Filter runs"
        aria-expanded={shown}
        aria-controls={shown ? `${id}-list` : undefined}
        aria-activedescendant={shown ? `${id}-${at}` : undefined}
        aria-autocomplete="list"
        placeholder="Filter: job, repository, #pull request, author, commit …"
        autoComplete="off"
        spellCheck={false}
        maxLength={250}
        value={input}
        onChange={(e) => type(e.target.value)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={(e) => {
          const run = e.key === 'Backspace' && input === '' ? onTakeBack : keys[e.key]
          if (!run) return
          e.preventDefault()
          run()
        }}
      />
      <kbd className="wide-only" aria-hidden="true">
        /
      </kbd>
      {shown && (
        <ul id={`${id}-list`} role="listbox" aria-label="Suggestions" className="card">
          {list.map((s, i) => (
            <li
              key={`${s.field}:${s.value ?? ''}`}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === at}
              onPointerMove={() => setAt(i)}
              onMouseDown={(e) => {
                e.preventDefault() // keeps the focus in the field
                pick(s)
              }}
            >
              <span className="cut">{s.text}</span>
              {s.hint && <span className="quiet">{s.hint}</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function useSuggestions(input: string, open: boolean): Suggestion[] {
  const settled = useDeferredValue(input)
  const field = asked(settled)
  const prefix = parse(settled).text
  const values = useQuery({
    queryKey: ['values', field, prefix],
    queryFn: ({ signal }) => must(api.GET('/runs/values', { params: { query: { field: field ?? 'job', prefix } }, signal })),
    enabled: open && field !== undefined,
    placeholderData: (last) => last,
    staleTime: 30_000,
  })
  return suggest(input, field === asked(input) && field ? (values.data?.values ?? []) : []).slice(0, 12)
}
