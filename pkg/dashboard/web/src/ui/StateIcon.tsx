import BanIcon from '@patternfly/react-icons/dist/esm/icons/ban-icon'
import CheckCircleIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon'
import ExclamationTriangleIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon'
import HourglassHalfIcon from '@patternfly/react-icons/dist/esm/icons/hourglass-half-icon'
import SyncAltIcon from '@patternfly/react-icons/dist/esm/icons/sync-alt-icon'
import TimesCircleIcon from '@patternfly/react-icons/dist/esm/icons/times-circle-icon'
import { kindOf, wordOf } from './state'

const icons = {
  waiting: HourglassHalfIcon,
  running: SyncAltIcon,
  success: CheckCircleIcon,
  failure: TimesCircleIcon,
  error: ExclamationTriangleIcon,
  aborted: BanIcon,
}

/** StateIcon is a state as a coloured sign. It says the state's name unless text beside it does. */
export function StateIcon({ state, silent }: { state: string; silent?: boolean }) {
  const kind = kindOf(state)
  const Icon = icons[kind]
  return (
    <span className={`state-icon is-${kind}`} title={silent ? undefined : wordOf(state)}>
      <Icon aria-hidden="true" />
      {!silent && <span className="pf-v6-screen-reader">{wordOf(state)}</span>}
    </span>
  )
}
