import TimesIcon from '@patternfly/react-icons/dist/esm/icons/times-icon'

/** Chip is a filter in use, with a button that takes it away. */
export function Chip({ name, value, onRemove }: { name: string; value: string; onRemove: () => void }) {
  return (
    <li className="chip">
      <span className="quiet">{name}</span> <span className="cut">{value}</span>
      <button type="button" aria-label={`Remove the filter ${name} ${value}`} onClick={onRemove}>
        <TimesIcon aria-hidden="true" />
      </button>
    </li>
  )
}
