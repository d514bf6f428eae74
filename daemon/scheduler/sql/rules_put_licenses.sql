-- rules_put_licenses.sql: $1 agency $2 the rules as JSON (daemon/lib/rules.c).
WITH rule AS (
    INSERT INTO license_rule (agency_id, state, type, cycle_months, expiry, ce_hours, carry_over, ce_by, apply_by, opens,
                              grace, first_renewal, source, as_of, confidence)
    SELECT $1::int, state, type, cycle, expiry, coalesce(ce_hours, 0), coalesce(carry_over, 0), coalesce(ce_by, 0),
           coalesce(apply_by, 0), opens, coalesce(grace, 0), coalesce(first_renewal, 'full'), source, as_of, confidence
      FROM jsonb_to_recordset($2::jsonb) AS r (state text, type text, cycle int, expiry text, ce_hours int, carry_over int,
           ce_by int, apply_by int, opens int, grace int, first_renewal text, source text, as_of date, confidence text)
    RETURNING state, type
)
INSERT INTO license_rule_category (agency_id, state, type, category, hours)
SELECT $1::int, r ->> 'state', r ->> 'type', c ->> 'category', (c ->> 'hours')::int
  FROM jsonb_array_elements($2::jsonb) r, jsonb_array_elements(r -> 'categories') c
