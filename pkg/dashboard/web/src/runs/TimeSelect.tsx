import { useState } from 'react'
import { type Filter, spans } from './filter'

interface TimeSelectProps {
  filter: Filter
  onChange: (change: Filter) => void
}

/** local writes a time as <input type="datetime-local"> wants it, in the reader's time zone. */
function local(iso: string | undefined): string {
  const ms = iso ? Date.parse(iso) : NaN
  if (Number.isNaN(ms)) return ''
  const offset = new Date(ms).getTimezoneOffset() * 60_000
  return new Date(ms - offset).toISOString().slice(0, 16)
}

/** TimeSelect chooses a span up to now, or two times. */
export function TimeSelect({ filter, onChange }: TimeSelectProps) {
  const [exact, setExact] = useState(Boolean(filter.since || filter.until))
  const between = exact || Boolean(filter.since || filter.until)
  const choose = (value: string) => {
    setExact(value === 'between')
    if (value === 'between') onChange({ last: undefined })
    else onChange({ last: value || undefined, since: undefined, until: undefined })
  }
  const set = (key: 'since' | 'until', value: string) => onChange({ [key]: value ? new Date(value).toISOString() : undefined, last: undefined })
  return (
    <span className="row time-select">
      <select aria-label="Time" value={between ? 'between' : (filter.last ?? '')} onChange={(e) => choose(e.target.value)}>
        <option value="">Any time</option>
        {Object.entries(spans).map(([key, span]) => (
          <option key={key} value={key}>
            {span.name}
          </option>
        ))}
        <option value="between">Between …</option>
      </select>
      {between && (
        <>
          <input type="datetime-local" aria-label="Created from" value={local(filter.since)} onChange={(e) => set('since', e.target.value)} />
          <input type="datetime-local" aria-label="Created until" value={local(filter.until)} onChange={(e) => set('until', e.target.value)} />
        </>
      )}
    </span>
  )
}
