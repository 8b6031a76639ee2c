import { refuse } from "../refusal.ts";
import { fullName } from "./full-name.ts";
import type { TableRules } from "./rules.ts";

/** A state brings its first status reason where the request names none; one of another state is refused. */
function statusFollowsState(reasons: Readonly<Record<number, readonly number[]>>): NonNullable<TableRules["update"]> {
  return (_data, _caller, row, changes) => {
    if (typeof changes.statecode === "number") changes.statuscode ??= reasons[changes.statecode]![0]!;
    const { statecode, statuscode } = { ...row, ...changes } as { statecode: number; statuscode: number };
    if (!reasons[statecode]!.includes(statuscode)) refuse("StatusNotOfState");
  };
}

const activeInactive = statusFollowsState({ 0: [1], 1: [2] });

/** Business rows, and the one row of the organization itself. */
export const recordRules: Record<string, TableRules> = {
  account: { update: activeInactive },
  contact: {
    create(_data, _caller, row) {
      row.fullname = fullName(row, {});
    },
    update(data, caller, row, changes) {
      activeInactive(data, caller, row, changes);
      changes.fullname = fullName(row, changes);
    },
  },
  task: { update: statusFollowsState({ 0: [2, 3, 4, 7], 1: [5], 2: [6] }) },
  organization: {
    create() {
      refuse("OperationNotSupported", ["Create", "organization"]);
    },
    remove() {
      return refuse("OperationNotSupported", ["Delete", "organization"]);
    },
  },
};
