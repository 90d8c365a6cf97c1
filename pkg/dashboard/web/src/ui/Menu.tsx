import { Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core'
import { type ReactNode, useState } from 'react'

interface MenuProps {
  /** What the toggle is called for those who do not see its icon. */
  label: string
  icon?: ReactNode
  text?: string
  children: ReactNode
}

/** Menu is a button that opens a short list. */
export function Menu({ label, icon, text, children }: MenuProps) {
  const [open, setOpen] = useState(false)
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant={text ? 'plainText' : 'plain'}
          icon={icon}
          aria-label={label}
          title={label}
          isExpanded={open}
          onClick={() => setOpen(!open)}
        >
          {text && <span className="wide-only">{text}</span>}
        </MenuToggle>
      )}
    >
      <DropdownList>{children}</DropdownList>
    </Dropdown>
  )
}

interface ItemProps {
  icon?: ReactNode
  selected?: boolean
  href?: string
  onClick?: () => void
  children: ReactNode
}

Menu.Item = function MenuItem({ icon, selected, href, onClick, children }: ItemProps) {
  return (
    <DropdownItem icon={icon} isSelected={selected} to={href} onClick={onClick}>
      {children}
    </DropdownItem>
  )
}

/** A line of text in a menu that does nothing. */
Menu.Note = function MenuNote({ children }: { children: ReactNode }) {
  return (
    <li role="none" className="menu-note">
      {children}
    </li>
  )
}
