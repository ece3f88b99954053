"""Who gets in: passwords and their limits, the second factor, step-up, sessions, invitations.

Two steps lead in. The password makes a session that is nobody's yet (`middleware.StaffDoor` shows it to every page as a visitor);
the second factor makes it the person's. Before an act that cannot be taken back, `step_up.require_fresh` asks
for the factor anew.
"""
