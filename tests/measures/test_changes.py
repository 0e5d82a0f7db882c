"""What became different between two moments, and that some event is always named for it."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.aftercare.events import (
    AftercareAccepted,
    AftercareOffered,
    AftercarePlanAgreed,
    ProblemActionTaken,
    ProblemRaised,
    Touchpoint,
)
from services.intake.events import (
    PersonMergeReverted,
    PersonRegistered,
    PersonsMerged,
    ProgrammeOpened,
    ProgrammeRevised,
)
from services.intake.events.definition import checksum_of
from services.intake.events.goals import (
    AftercareCoverage,
    Agreements,
    CompaniesEngaged,
    ProblemResponse,
    ReEmployment,
    RegistrationDelay,
    TouchpointsHeld,
)
from services.placement.events import (
    AgreementSigned,
    CompanyRegistered,
    CooperationLevelRecorded,
)
from services.reporting.changes import changes
from services.reporting.reader import Question, Reader
from shared.correction.events import EventCorrected, EventRetracted
from tests.measures.recorded_streams import streams
from tests.measures.stories import (
    DEFINITION,
    PROGRAMME,
    WORDS,
    agreement,
    began,
    completed,
    dropped_out,
    enrolled,
    follow_up,
    job,
    job_ended,
    on,
    practice,
    referral,
    transferred,
)

GOALS = (
    *DEFINITION.goals,
    CompaniesEngaged(id="closer", title=WORDS, counting="increased", unit="cvr"),
    Agreements(id="agreements", title=WORDS),
    ProblemResponse(id="problems", title=WORDS),
    TouchpointsHeld(id="held", title=WORDS),
    AftercareCoverage(id="covered", title=WORDS, party="citizen"),
    ReEmployment(id="again", title=WORDS, within_days=30),
    RegistrationDelay(id="delay", title=WORDS),
)
OTHER = "skoven"


def opened(attribution="both", key=PROGRAMME):
    definition = replace(DEFINITION, key=key, goals=GOALS, attribution=attribution)
    return ProgrammeOpened(
        programme=key,
        definition=definition,
        definition_version=1,
        checksum=checksum_of(definition),
        effective_from=definition.effective_from,
    )


def revised(**terms):
    definition = replace(opened().definition, version=2, **terms)
    return ProgrammeRevised(
        programme=PROGRAMME,
        definition=definition,
        definition_version=2,
        checksum=checksum_of(definition),
        effective_from=definition.effective_from,
    )


def signed():
    return AgreementSigned(kind="cooperation", parties=("brod",), from_on=on("02-01"))


def stands(day, level, *, is_baseline=False):
    return CooperationLevelRecorded(on=on(day), level=level, is_baseline=is_baseline)


def reader(told):
    return Reader(told.projection, None, 1.0)  # a question by positions asks no bus


async def compared(told, before, after, day="12-01"):
    """The programme's changes of the day, from one position per stream to another."""
    return await changes(
        reader(told), PROGRAMME, Question(on(day), before), Question(on(day), after)
    )


def positions(told):
    return dict(told.projection.positions)


def the_goal(answer, name):
    [goal] = [goal for goal in answer.goals if goal.id == name]
    return goal


def types(goal):
    return [cause.type for cause in goal.causes]


async def test_what_another_programme_brought_is_named_with_the_transfer_that_brought_it(tmp_path):
    async with streams(tmp_path) as told:
        await told.record("intake", "programme", PROGRAMME, opened("last"))
        await told.record("intake", "enrolment", "a-e1", referral("a"), enrolled("01-10"))
        await told.record(
            "intake", "enrolment", "a-e2", referral("a", "02-01", OTHER), enrolled("02-02")
        )
        await told.record(
            "placement", "placement", "a-brod", agreement("a", spell=2, programme=OTHER)
        )
        first = positions(told)
        await told.record("placement", "placement", "a-brod", job("03-01"))
        second = positions(told)
        assert (await compared(told, first, second)).goals == ()
        await told.record("intake", "enrolment", "a-e2", transferred("02-15", PROGRAMME, "a-e1"))
        third = positions(told)

        goal = the_goal(await compared(told, second, third), "jobs")
        assert (goal.before, goal.after, goal.entered) == (0, 1, ("a",))
        assert types(goal) == ["ParticipantTransferred"]
        goal = the_goal(await compared(told, first, third), "jobs")
        assert types(goal) == ["ParticipantTransferred", "EmploymentStarted"]
        assert not goal.definition_changed


async def test_a_merge_is_named_for_the_name_that_went_and_the_one_that_came(tmp_path):
    async with streams(tmp_path) as told:
        await told.record("intake", "programme", PROGRAMME, opened())
        await told.record("intake", "enrolment", "b-e1", referral("b"), enrolled("01-10"))
        before = positions(told)
        await told.record("intake", "person", "a", PersonRegistered(person_ref="a"))
        await told.record("intake", "person", "a", PersonsMerged(merged_ref="b", evidence="cpr"))

        goal = the_goal(await compared(told, before, positions(told)), "referred")
        assert (goal.before, goal.after) == (1, 1)
        assert (goal.entered, goal.left) == (("a",), ("b",))
        [cause] = goal.causes
        assert (cause.type, cause.subject, cause.person_ref) == (
            "PersonsMerged",
            "intake.person.a",
            "a",
        )
        assert types(goal) == ["PersonsMerged"]


async def test_companies_change_by_what_is_said_of_companies(tmp_path):
    async with streams(tmp_path) as told:
        await told.record("intake", "programme", PROGRAMME, opened())
        registered = CompanyRegistered(cvr="12345678", name="Brød", sector="retail")
        await told.record("placement", "company", "cvr12345678", registered)
        await told.record(
            "placement", "company", "cvr12345678", stands("01-10", 1, is_baseline=True)
        )
        before = positions(told)
        await told.record("placement", "company", "cvr12345678", stands("02-10", 4), signed())
        await told.record("intake", "enrolment", "a-e1", referral("a"))

        answer = await compared(told, before, positions(told))
        closer = the_goal(answer, "closer")
        assert (closer.counting_unit, closer.entered) == ("cvr", ("12345678",))
        assert types(closer) == ["CooperationLevelRecorded"]
        assert types(the_goal(answer, "agreements")) == ["AgreementSigned"]
        assert types(the_goal(answer, "referred")) == ["ParticipantReferred"]
        assert [cause.person_ref for cause in answer.events] == ["a", None, None]


async def test_a_denominator_that_grows_names_what_made_it_grow(tmp_path):
    async with streams(tmp_path) as told:
        await told.record("intake", "programme", PROGRAMME, opened())
        before = positions(told)
        await told.record("intake", "enrolment", "a-e1", referral("a"), enrolled("01-10"))

        goal = the_goal(await compared(told, before, positions(told)), "jobs")
        assert (goal.denominator_before, goal.denominator_after) == (0, 1)
        assert (goal.entered, goal.left) == ((), ())
        assert types(goal) == ["ParticipantReferred", "ParticipantEnrolled"]


async def test_a_job_and_a_new_referral_are_both_named_where_both_moved_the_figure(tmp_path):
    async with streams(tmp_path) as told:
        await told.record("intake", "programme", PROGRAMME, opened())
        await told.record("intake", "enrolment", "a-e1", referral("a"), enrolled("01-10"))
        await told.record("intake", "enrolment", "b-e1", referral("b"), enrolled("01-10"))
        before = positions(told)
        await told.record("placement", "placement", "a-brod", agreement("a"), job("03-01"))
        await told.record("placement", "placement", "b-brod", agreement("b"), practice("03-01"))
        answer = await compared(told, before, positions(told))
        assert types(the_goal(answer, "jobs")) == ["EmploymentStarted"]

        await told.record("intake", "enrolment", "c-e1", referral("c"), enrolled("01-10"))
        goal = the_goal(await compared(told, before, positions(told)), "jobs")
        assert (goal.denominator_before, goal.denominator_after) == (2, 3)
        assert types(goal) == ["ParticipantReferred", "ParticipantEnrolled", "EmploymentStarted"]


async def test_another_definition_is_said_to_be_what_changed_the_figure(tmp_path):
    async with streams(tmp_path) as told:
        await told.record("intake", "programme", PROGRAMME, opened())
        await told.record("intake", "enrolment", "a-e1", referral("a"))
        before = positions(told)
        later = revised(goals=(replace(DEFINITION.goals[0], target=1),))
        await told.record("intake", "programme", PROGRAMME, later)

        answer = await compared(told, before, positions(told))
        assert answer.definition_changed
        goal = the_goal(answer, "referred")
        assert goal.definition_changed
        assert (goal.state_before, goal.state_after) == ("undecided", "met")
        assert types(goal) == ["ProgrammeRevised"]
        gone = the_goal(answer, "jobs")
        assert (gone.before, gone.after) == (0, None)


async def test_a_class_and_a_finding_that_changed_are_told_too(tmp_path):
    async with streams(tmp_path) as told:
        await told.record("intake", "programme", PROGRAMME, opened())
        await told.record("intake", "enrolment", "a-e1", referral("a"), enrolled("01-10"))
        await told.record("placement", "placement", "a-brod", agreement("a"))
        before = positions(told)
        await told.record("placement", "placement", "a-brod", practice("02-01"))

        answer = await compared(told, before, positions(told))
        assert {it.name: (it.before, it.after) for it in answer.partition} == {
            "training_wage_hours_unknown": (0, 1),
            "waiting": (1, 0),
        }
        assert {it.name: (it.before, it.after) for it in answer.findings} == {
            "WAGE_HOURS_UNKNOWN": (0, 1)
        }


async def test_between_a_moment_and_itself_nothing_changed(tmp_path):
    async with streams(tmp_path) as told:
        await told.record("intake", "programme", PROGRAMME, opened())
        await told.record("intake", "enrolment", "a-e1", referral("a"))
        answer = await compared(told, positions(told), positions(told))
        assert (answer.goals, answer.partition, answer.findings, answer.events) == ((), (), (), ())


def story(person):
    """What may be recorded of somebody, entity by entity, each told in its order."""
    own, gone_on = f"{person}-e1", f"{person}-e2"
    placed = {"placement": f"{person}-brod", "person_ref": person, "company": "cvr12345678"}
    touchpoint = Touchpoint("week", "citizen", "P7D", 3)
    problem = ProblemRaised(
        **placed,
        enrolment=own,
        programme=PROGRAMME,
        raised_by="citizen",
        category="tasks",
        severity=1,
        raised_on=on("03-05"),
    )
    offer = AftercareOffered(
        **placed,
        enrolment=own,
        programme=PROGRAMME,
        offered_on=on("03-01"),
        anchor_on=on("03-01"),
    )
    agreed = AftercarePlanAgreed(
        placement=f"{person}-brod",
        agreed_on=on("03-02"),
        anchor_on=on("03-01"),
        touchpoints=(touchpoint,),
    )
    return {
        ("intake", "enrolment", own): (
            referral(person),
            enrolled("01-10"),
            began("01-11"),
            transferred("06-01", OTHER, gone_on),
        ),
        ("intake", "enrolment", gone_on): (
            referral(person, "06-01", OTHER),
            enrolled("06-01"),
            transferred("09-01", PROGRAMME, f"{person}-e3"),
        ),
        ("intake", "enrolment", f"{person}-e3"): (
            referral(person, "09-01"),
            enrolled("09-01"),
            completed("10-01"),
        ),
        ("placement", "placement", f"{person}-brod"): (
            agreement(person),
            practice("02-01"),
            job("03-01"),
            job_ended("04-01"),
        ),
        ("placement", "placement", f"{person}-kutter"): (
            agreement(person, "kutter", 2, programme=OTHER),
            job("04-15"),
        ),
        ("aftercare", "plan", f"{person}-plan"): (
            offer,
            AftercareAccepted(party="citizen", accepted_on=on("03-01")),
            agreed,
            follow_up("03-08", "employed_same", touchpoint="week"),
        ),
        ("aftercare", "problem", f"{person}-problem"): (
            problem,
            ProblemActionTaken(action="meeting", acted_on=on("03-06")),
        ),
    }


STORIES = {
    **story("a"),
    **story("b"),
    ("intake", "enrolment", "c-e1"): (referral("c"), enrolled("01-10"), dropped_out("02-01")),
    ("intake", "person", "a"): (
        PersonsMerged(merged_ref="b", evidence="cpr"),
        PersonsMerged(merged_ref="c", evidence="cpr"),
        PersonMergeReverted(merged_ref="b", evidence="cpr"),
    ),
    ("intake", "programme", OTHER): (opened(key=OTHER),),
    ("intake", "programme", PROGRAMME): (
        revised(attribution="last", goals=(*GOALS[1:], replace(GOALS[0], target=1))),
    ),
    ("placement", "company", "cvr12345678"): (
        CompanyRegistered(cvr="12345678", name="Brød", sector="retail"),
        stands("01-10", 1, is_baseline=True),
        stands("02-10", 4),
        signed(),
    ),
}
TURNS = [whose for whose, events in STORIES.items() for _ in (*events, "taken back")]


async def recorded_in_turn(told, turns):
    """Each turn records its entity's next event; after its last one, the last is taken back."""
    left = {whose: list(events) for whose, events in STORIES.items()}
    last = {}
    moments = [positions(told)]
    for whose in turns:
        taken_back = EventRetracted(event_id=last.get(whose, ""), reason="test_data")
        event = left[whose].pop(0) if left[whose] else taken_back
        await told.record(*whose, event)
        last[whose] = f"{whose[2]}-{told.projection.positions[whose[0].upper()]}"
        moments.append(positions(told))
    return moments


@settings(deadline=None, max_examples=15)
@given(
    st.permutations(TURNS),
    st.sampled_from(("active", "last", "both")),
    st.sampled_from(("03-10", "06-30", "12-01")),
    st.data(),
)
def test_whatever_is_told_a_changed_goal_has_a_cause(turns, attribution, day, data):
    at = sorted(data.draw(st.tuples(*[st.integers(0, len(TURNS))] * 2)))

    async def told_and_compared():
        with tempfile.TemporaryDirectory() as directory:
            async with streams(Path(directory)) as told:
                await told.record("intake", "programme", PROGRAMME, opened(attribution))
                moments = await recorded_in_turn(told, turns[: at[1]])
                return await compared(told, moments[at[0]], moments[at[1]], day)

    answer = asyncio.run(told_and_compared())
    for goal in answer.goals:
        assert goal.causes, goal
        assert set(goal.causes) <= set(answer.events)
        assert goal.definition_changed == answer.definition_changed
    if answer.partition or answer.findings:
        assert answer.events


@pytest.mark.parametrize("there_and_back", [False, True])
async def test_a_correction_is_what_changed_the_figure_in_either_direction(
    tmp_path, there_and_back
):
    async with streams(tmp_path) as told:
        await told.record("intake", "programme", PROGRAMME, opened())
        await told.record("intake", "enrolment", "a-e1", referral("a"))
        before = positions(told)
        wrong = EventCorrected(
            event_id="a-e1-2",
            data={**_data(referral("a")), "programme": OTHER},
            reason="wrong_programme",
        )
        await told.record("intake", "enrolment", "a-e1", wrong)
        moments = [before, positions(told)]

        answer = await compared(told, *(reversed(moments) if there_and_back else moments))
        goal = the_goal(answer, "referred")
        assert types(goal) == ["EventCorrected"]
        assert (goal.entered, goal.left) == ((("a",), ()) if there_and_back else ((), ("a",)))


def _data(event):
    return {
        name: str(value) if name.endswith("_on") else value
        for name in event.__struct_fields__
        if (value := getattr(event, name)) is not None
    }
