import { Button } from '@patternfly/react-core'
import { clock } from '../ui/time'
import { Chip } from './Chip'
import { among, fieldNames, type Filter, type FilterKey, toggle } from './filter'
import { FilterInput } from './FilterInput'
import { QuickStates } from './QuickStates'
import { Shortcuts } from './Shortcuts'
import { chipText } from './suggest'
import { TimeSelect } from './TimeSelect'

interface FilterBarProps {
  filter: Filter
  onChange: (change: Filter) => void
}

/** isList says that several values of a field are chosen at once. */
const isList = (field: FilterKey) => field === 'state' || field === 'type'

const chipKeys: FilterKey[] = ['connection', 'repo', 'pull', 'author', 'job', 'type', 'state', 'sha']

export function FilterBar({ filter, onChange }: FilterBarProps) {
  const pick = (field: FilterKey, value: string) => {
    if (!isList(field)) return onChange({ [field]: value })
    if (!among(filter[field]).includes(value)) onChange({ [field]: toggle(filter[field], value) })
  }
  const chips = chipKeys.flatMap((key) =>
    (isList(key) ? among(filter[key]) : filter[key] ? [filter[key]] : []).map((value) => ({ key, value })),
  )
  const without = ({ key, value }: { key: FilterKey; value: string }) =>
    onChange({ [key]: isList(key) ? toggle(filter[key], value) : undefined })
  const last = chips.at(-1)
  const zoomed = filter.since || filter.until
  return (
    <search className="filter-bar">
      <FilterInput onPick={pick} onTakeBack={() => last && without(last)} />
      <div className="row">
        <QuickStates state={filter.state} onChange={(state) => onChange({ state })} />
        <TimeSelect filter={filter} onChange={onChange} />
      </div>
      {(chips.length > 0 || zoomed) && (
        <ul className="chips row" aria-label="Filters in use">
          {chips.map(({ key, value }) => (
            <Chip
              key={`${key}:${value}`}
              name={fieldNames[key]}
              value={chipText(key, value)}
              onRemove={() => without({ key, value })}
            />
          ))}
          {zoomed && (
            <Chip name="Created" value={spanText(filter.since, filter.until)} onRemove={() => onChange({ since: undefined, until: undefined })} />
          )}
          <Shortcuts filter={filter} />
          <li>
            <Button variant="link" size="sm" onClick={() => onChange(nothing)}>
              Clear all
            </Button>
          </li>
        </ul>
      )}
    </search>
  )
}

const nothing: Filter = Object.fromEntries([...chipKeys, 'since', 'until', 'last'].map((key) => [key, undefined]))

function spanText(since: string | undefined, until: string | undefined): string {
  const at = (text: string) => (Number.isNaN(Date.parse(text)) ? text : clock(Date.parse(text)))
  if (since && until) return `${at(since)} – ${at(until)}`
  return since ? `since ${at(since)}` : `before ${at(until ?? '')}`
}
