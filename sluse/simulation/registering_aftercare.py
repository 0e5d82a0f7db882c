"""What is registered of aftercare: answers, agreed contacts and those held, problems and their end."""

from datetime import date

from services.aftercare.events import EmploymentState, Party
from services.aftercare.plan_commands import (
    AcceptAftercare,
    AgreeAftercarePlan,
    CompleteFollowUp,
    DeclineAftercare,
)
from services.aftercare.problem import RaiseProblem, ResolveProblem, TakeProblemAction
from services.aftercare.reactions import plan_id
from shared.command import Command
from shared.identifiers import derived_id
from shared.subjects import subject_of
from sluse.simulation.chance import chosen
from sluse.simulation.clerk import Clerk
from sluse.simulation.journey import Job, Journey, Problem
from sluse.simulation.setting import any_of, at


def followed_up(clerk: Clerk, journey: Journey, job: Job, employed: Command) -> None:
    """The offer itself is made by aftercare, as soon as it hears of the job."""
    aftercare = journey.aftercare
    if aftercare is None:
        return
    subject = subject_of("placement", "placement", clerk.id("placement"))
    plan = plan_id(derived_id(employed.command_id, subject, "0"))
    answers: list[Command] = []
    answered: tuple[tuple[Party, bool, date], ...] = (
        ("citizen", aftercare.citizen, aftercare.citizen_on),
        ("company", aftercare.company, aftercare.company_on),
    )
    for party, accepts, day in answered:
        name = clerk.name(f"AnswerAftercare-{party}")
        answer: Command = (
            AcceptAftercare(command_id=name, plan=plan, party=party, accepted_on=day)
            if accepts
            else DeclineAftercare(command_id=name, plan=plan, party=party, declined_on=day)
        )
        answers.append(clerk.register(answer, "enrolment", employed))
    if aftercare.agreed_on is None:
        return
    agreement = AgreeAftercarePlan(
        command_id=clerk.name("AgreeAftercarePlan"),
        plan=plan,
        agreed_on=aftercare.agreed_on,
        anchor_on=job.start_on,
    )
    agreed = clerk.register(agreement, "enrolment", *answers)
    for touchpoint, held_on in aftercare.held:
        draws = clerk.setting.draws(clerk.whom, f"contact {touchpoint.id}")
        contact = CompleteFollowUp(
            command_id=clerk.name(f"CompleteFollowUp-{touchpoint.id}"),
            plan=plan,
            touchpoint=touchpoint.id,
            party=touchpoint.party,
            channel=chosen(draws, ("phone", "meeting", "visit", "message"), (0.5, 0.2, 0.2, 0.1)),
            held_on=held_on,
            # Without the citizen's yes, the company's contact is about its own questions alone.
            employment_state=_state(job, held_on) if aftercare.citizen else "unknown",
        )
        clerk.register(contact, "enrolment", agreed)


def _state(job: Job, day: date) -> EmploymentState:
    runs = job.last_on is None or day <= job.last_on
    return "employed_same" if runs else "not_employed"


def troubled(clerk: Clerk, name: str, problem: Problem, agreed: Command) -> None:
    """A problem, the first thing done about it, and its end."""
    codes, day = clerk.setting.definition.codes, problem.raised_on
    draws = clerk.setting.draws(clerk.whom, f"handling {name}")
    raised: Command = clerk.register(
        RaiseProblem(
            command_id=clerk.name(name, "RaiseProblem"),
            problem=clerk.id(name),
            placement=clerk.id("placement"),
            raised_by=chosen(draws, ("citizen", "company", "authority")),
            category=at(codes.problems, problem.category, day),
            severity=problem.severity,
            raised_on=day,
        ),
        "enrolment",
        agreed,
    )
    last = raised
    if problem.acted_on is not None and codes.actions:
        action = TakeProblemAction(
            command_id=clerk.name(name, "TakeProblemAction"),
            problem=clerk.id(name),
            action=any_of(draws, codes.actions, problem.acted_on),
            acted_on=problem.acted_on,
        )
        last = clerk.register(action, "enrolment", raised)
    if problem.resolved_on is not None and codes.problem_outcomes:
        resolution = ResolveProblem(
            command_id=clerk.name(name, "ResolveProblem"),
            problem=clerk.id(name),
            resolved_on=problem.resolved_on,
            outcome=any_of(draws, codes.problem_outcomes, problem.resolved_on),
        )
        clerk.register(resolution, "ends", last)
