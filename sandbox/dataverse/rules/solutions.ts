import type { OrganizationData, Row } from "../organization-data.ts";
import { notServed, refuse } from "../refusal.ts";
import { operationRead } from "../solutions/outcomes.ts";
import { activeSolutionId, removeRole, rolesOfSolution } from "./roles.ts";
import type { TableRules } from "./rules.ts";

/** Solution that shows all components of an environment; the same id in every organization. */
export const defaultSolutionId = "fd140aaf-4df4-11dd-bd17-0019b9312238";

/** Publisher of what is made in an environment itself; the same id in every organization. */
export const defaultPublisherId = "d21aab71-79e7-11dd-8874-00188b01e34f";

/** The solutions that a solution needs, by its id: their unique names. */
export function requirements(data: OrganizationData): Map<string, readonly string[]> {
  return data.collection("solutionRequirements");
}

/** Solutions and publishers: unique names, and the platform's own ones stay. Jobs come from imports alone. */
export const solutionRules: Record<string, TableRules> = {
  solution: {
    create(data, _caller, row) {
      const taken = [...data.rows("solution").values()].some(
        ({ uniquename }) => String(uniquename).toLowerCase() === String(row.uniquename).toLowerCase(),
      );
      if (taken) refuse("SolutionNameExists", [row.uniquename]);
      row.installedon = row.createdon;
    },
    update(data, _caller, row, changes) {
      if (row.ismanaged) refuse("ManagedSolutionFixed", [row.uniquename]);
      changes.updatedon = data.now();
    },
    remove(data, row) {
      if (row.solutionid === defaultSolutionId || row.solutionid === activeSolutionId) {
        refuse("RestrictedSolution");
      }
      const isRequired = ({ solutionid }: Row) =>
        requirements(data)
          .get(solutionid as string)
          ?.includes(row.uniquename as string);
      if ([...data.rows("solution").values()].some(isRequired)) refuse("SolutionRequired");
      // A managed solution takes its components with it, an unmanaged one is only their container (wire facts D11).
      if (row.ismanaged) for (const role of rolesOfSolution(data, row)) removeRole(data, role);
      return false;
    },
  },
  asyncoperation: {
    create: () => notServed("creating system jobs"),
    update: () => notServed("changing system jobs"),
    read: operationRead,
  },
  importjob: {
    create: () => notServed("creating import jobs"),
    update: () => notServed("changing import jobs"),
  },
  publisher: {
    create(data, _caller, row) {
      const taken = [...data.rows("publisher").values()].some(
        ({ uniquename }) => String(uniquename).toLowerCase() === String(row.uniquename).toLowerCase(),
      );
      if (taken) refuse("NotUnique", ["publisher", "uniquename", row.uniquename]);
    },
    remove(data, row) {
      if (row.isreadonly || row.publisherid === defaultPublisherId) refuse("RestrictedPublisher");
      const used = [...data.rows("solution").values()].some((solution) => solution.publisherid === row.publisherid);
      if (used) refuse("DeleteBlockedByAssociation", ["Solutions of the publisher exist."]);
      return false;
    },
  },
};
