import { Button } from '@patternfly/react-core'
import AngleDownIcon from '@patternfly/react-icons/dist/esm/icons/angle-down-icon'
import AngleUpIcon from '@patternfly/react-icons/dist/esm/icons/angle-up-icon'
import ListIcon from '@patternfly/react-icons/dist/esm/icons/list-icon'
import { type RefObject, useState } from 'react'
import { longestPattern } from './patterns'
import type { Found } from './search'

interface SearchBarProps {
  field: RefObject<HTMLInputElement | null>
  found: Found
  listed: boolean
  /** Told on Enter; the same text again means the next match. */
  onSearch: (text: string) => void
  onMove: (by: 1 | -1) => void
  onList: () => void
}

/** SearchBar searches the log on the server. */
export function SearchBar({ field, found, listed, onSearch, onMove, onList }: SearchBarProps) {
  const [text, setText] = useState(found.query)
  const [told, setTold] = useState(found.query)
  if (found.query !== told) {
    setTold(found.query)
    setText(found.query)
  }
  const enter = (e: React.KeyboardEvent) => {
    if (e.key === 'Escape') field.current?.blur()
    if (e.key !== 'Enter') return
    if (text !== found.query) onSearch(text)
    else if (text) onMove(e.shiftKey ? -1 : 1)
  }
  const some = found.matches.length > 0
  return (
    <div className="log-search" role="search" aria-label="Log">
      <input
        ref={field}
        type="search"
        aria-label="Search the log, a regular expression"
        placeholder="Search the log (regular expression)"
        value={text}
        maxLength={longestPattern}
        spellCheck={false}
        autoCapitalize="off"
        onChange={(e) => {
          setText(e.target.value)
          if (e.target.value === '') onSearch('')
        }}
        onKeyDown={enter}
      />
      <span className="result num" role="status">
        {found.query && summary(found)}
      </span>
      {found.query && (
        <span className="steps">
          <Button variant="plain" size="sm" isDisabled={!some} aria-label="Previous match" icon={<AngleUpIcon />} onClick={() => onMove(-1)} />
          <Button variant="plain" size="sm" isDisabled={!some} aria-label="Next match" icon={<AngleDownIcon />} onClick={() => onMove(1)} />
          <Button variant="plain" size="sm" aria-label="List of matches" aria-expanded={listed} icon={<ListIcon />} onClick={onList} />
        </span>
      )}
    </div>
  )
}

function summary({ matches, current, busy, whole, error }: Found): string {
  if (error) return 'failed'
  if (busy && matches.length === 0) return 'searching…'
  if (matches.length === 0) return 'no match'
  return `${current + 1 || '–'} of ${matches.length}${whole ? '' : '+'}`
}
